"""The messages of OTLP traces, declared here and decoded by the protobuf library.

Names and numbers: opentelemetry-proto v1 (`trace.proto`, `common.proto`, `resource.proto`, `trace_service.proto`). They
are declared because neither package that ships them can be used: `xds-protos` has them as they were before version 0.15
(no ScopeSpans), and `opentelemetry-proto` writes newer files to the very same paths, so that which of the two is found
depends on the order of installation. A package name and a pool of our own keep all three apart; on the wire a message
has no name.

Attributes are declared as bytes, which on the wire is the same as the KeyValue that they are: most are the same in
thousands of spans, and reading each different one once (`otlp`) halves the cost of a span.

Left out: what Jaeger drops too (flags, schema_url, dropped counts). Unknown fields are skipped by protobuf.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE: Final = "meshtutor.otlp"
_SCALARS: Final = {"double": 1, "int64": 3, "fixed64": 6, "bool": 8, "string": 9, "bytes": 12, "int32": 5}
_MESSAGE: Final = 11

# message -> its fields as "type name = number"; `*` marks a repeated field, `|` the oneof `value`
_MESSAGES: Final = {
    "AnyValue": (
        "|string string_value=1", "|bool bool_value=2", "|int64 int_value=3", "|double double_value=4",
        "|ArrayValue array_value=5", "|KeyValueList kvlist_value=6", "|bytes bytes_value=7",
    ),
    "ArrayValue": ("*AnyValue values=1",),
    "KeyValueList": ("*KeyValue values=1",),
    "KeyValue": ("string key=1", "AnyValue value=2"),
    "Resource": ("*bytes attributes=1",),
    "Scope": ("string name=1", "string version=2", "*bytes attributes=3"),
    "Event": ("fixed64 time_unix_nano=1", "string name=2", "*bytes attributes=3"),
    "Link": ("bytes trace_id=1", "bytes span_id=2", "string trace_state=3", "*bytes attributes=4"),
    "Span": (
        "bytes trace_id=1", "bytes span_id=2", "string trace_state=3", "bytes parent_span_id=4", "string name=5",
        "int32 kind=6", "fixed64 start_time_unix_nano=7", "fixed64 end_time_unix_nano=8", "*bytes attributes=9",
        "*Event events=11", "*Link links=13", "Status status=15",
    ),
    "ScopeSpans": ("Scope scope=1", "*Span spans=2"),
    "ResourceSpans": ("Resource resource=1", "*ScopeSpans scope_spans=2"),
    "ExportTraceServiceRequest": ("*ResourceSpans resource_spans=1",),
    "ExportTracePartialSuccess": ("int64 rejected_spans=1", "string error_message=2"),
    "ExportTraceServiceResponse": ("ExportTracePartialSuccess partial_success=1",),
    "Status": ("string message=2", "int32 code=3"),
    "RpcStatus": ("int32 code=1", "string message=2"),
}  # fmt: skip


def _field(declared: str, message: descriptor_pb2.DescriptorProto) -> None:
    kind, _, rest = declared.lstrip("*|").partition(" ")
    name, _, number = rest.partition("=")
    field = message.field.add(name=name, number=int(number), label=3 if declared.startswith("*") else 1)
    field.type = _SCALARS.get(kind, _MESSAGE)
    if kind not in _SCALARS:
        field.type_name = f".{_PACKAGE}.{kind}"
    if declared.startswith("|"):
        field.oneof_index = 0


def _file() -> descriptor_pb2.FileDescriptorProto:
    declared = descriptor_pb2.FileDescriptorProto(
        name="meshtutor/otlp.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = declared.message_type.add(name=name)
        if any(field.startswith("|") for field in fields):
            message.oneof_decl.add(name="value")
        for field in fields:
            _field(field, message)
    return declared


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_POOL: Final = descriptor_pool.DescriptorPool()
_POOL.Add(_file())
ExportTraceServiceRequest: Final = _message("ExportTraceServiceRequest")
"""The request of `TraceService/Export`, and the body of `POST /v1/traces`."""
KeyValue: Final = _message("KeyValue")
"""What each of `attributes` holds."""
ExportTraceServiceResponse: Final = _message("ExportTraceServiceResponse")
RpcStatus: Final = _message("RpcStatus")
"""google.rpc.Status: the body of a refusal over HTTP (OTLP specification, "Failures")."""
