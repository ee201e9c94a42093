"""OTLP's spans as Jaeger keeps them. Pure.

Translation: opentelemetry-collector-contrib, pkg/translator/jaeger/traces_to_jaegerproto.go, which Jaeger itself uses:
the resource's `service.name` names the service, its other attributes are tags of the process; kind, status, trace state
and scope become tags; events become logs, links references. One thing differs: a failed span whose proxy says `error`
already (Envoy: "true") does not get a second tag of that name.

Ids have the lengths that trace.proto gives them. One span without is counted as rejected, the others are taken (OTLP
specification, "Partial Success"); what protobuf itself cannot decode spoils the report ("Bad Data").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from meshtutor.embedded.addons.jaeger.model import Log, Process, Reference, Span, Tag, Value, ordered, tag
from meshtutor.embedded.addons.jaeger.otlp_messages import KeyValue

NO_SERVICE: Final = "OTLPResourceNoServiceName"
_KINDS: Final = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUS: Final = {1: "OK", 2: "ERROR"}
_ERROR: Final = 2
_NANOSECONDS: Final = 1000
_TAGS_REMEMBERED: Final = 2048
_TRACE_ID: Final = 16
_SPAN_ID: Final = 8
"""Bytes of an id."""


class Report(NamedTuple):
    """What a client reported: its spans, and how many were rejected for an id that is none."""

    spans: list[Span]
    rejected: int


def read(request: Any) -> Report:
    """The spans of an ExportTraceServiceRequest; DecodeError if an attribute in it is no KeyValue."""
    spans: list[Span] = []
    rejected = 0
    for group in request.resource_spans:
        process = _process(group.resource)
        for scoped in group.scope_spans:
            scope = _scope_tags(scoped.scope)
            for reported in scoped.spans:
                if _has_ids(reported):
                    spans.append(_span(reported, process, scope))
                else:
                    rejected += 1
    return Report(spans, rejected)


def _has_ids(reported: Any) -> bool:
    """Whether a span has ids of its own that are not all zeros, and those of others are of their length, or absent."""
    own, parent = (reported.trace_id, reported.span_id), reported.parent_span_id
    return (
        (len(own[0]), len(own[1])) == (_TRACE_ID, _SPAN_ID)
        and any(own[0])
        and any(own[1])
        and len(parent) in (0, _SPAN_ID)
        and all(len(o.trace_id) in (0, _TRACE_ID) and len(o.span_id) in (0, _SPAN_ID) for o in reported.links)
    )


def _process(resource: Any) -> Process:
    tags = _tags(resource.attributes)
    service = next((str(found.value) for found in tags if found.key == "service.name"), NO_SERVICE)
    return Process(service, ordered([found for found in tags if found.key != "service.name"]))


def _scope_tags(scope: Any) -> list[Tag]:
    named = [("otel.scope.name", scope.name), ("otel.scope.version", scope.version)]
    return [tag(key, value) for key, value in named if value]


def _span(reported: Any, process: Process, scope: list[Tag]) -> Span:
    kind = _KINDS.get(reported.kind, "")
    tags = [*scope, *_tags(reported.attributes)]
    if kind:
        tags.append(tag("span.kind", kind))
    if reported.HasField("status"):
        tags += _status_tags(reported.status, has_error=any(found.key == "error" for found in tags))
    if reported.trace_state:
        tags.append(tag("w3c.tracestate", reported.trace_state))
    start = reported.start_time_unix_nano
    return Span(
        trace_id=int.from_bytes(reported.trace_id, "big"),
        span_id=int.from_bytes(reported.span_id, "big"),
        parent=int.from_bytes(reported.parent_span_id, "big"),
        operation=reported.name,
        kind=kind,
        start=start // _NANOSECONDS,
        duration=max(0, reported.end_time_unix_nano - start) // _NANOSECONDS,
        process=process,
        tags=ordered(tags),
        references=tuple(_reference(link) for link in reported.links),
        logs=tuple(_log(event) for event in reported.events),
    )


def _status_tags(status: Any, *, has_error: bool) -> Iterable[Tag]:
    if status.code in _STATUS:
        yield tag("otel.status_code", _STATUS[status.code])
    if status.code == _ERROR and not has_error:
        yield tag("error", True)
    if status.message:
        yield tag("otel.status_description", status.message)


def _reference(link: Any) -> Reference:
    """A link, which follows from the other span unless it says that it is its child."""
    child = any(found == tag("opentracing.ref_type", "child_of") for found in _tags(link.attributes))
    ids = int.from_bytes(link.trace_id, "big"), int.from_bytes(link.span_id, "big")
    return Reference("CHILD_OF" if child else "FOLLOWS_FROM", *ids)


def _log(event: Any) -> Log:
    named = [tag("event", event.name)] if event.name else []
    return Log(event.time_unix_nano // _NANOSECONDS, ordered([*named, *_tags(event.attributes)]))


def _tags(attributes: Iterable[bytes]) -> list[Tag]:
    return [_tag(attribute) for attribute in attributes]


@lru_cache(_TAGS_REMEMBERED)
def _tag(attribute: bytes) -> Tag:
    """The tag of a KeyValue as it came; most are the same in thousands of spans."""
    read = KeyValue.FromString(attribute)
    return tag(read.key, _value(read.value))


def _value(value: Any) -> Value:
    """A scalar as it is; lists and maps as JSON text, as Jaeger shows them; nothing as an empty text."""
    which = value.WhichOneof("value")
    if which is None:
        return ""
    found: Value = getattr(value, which)
    return (
        json.dumps(_plain(value), separators=(",", ":"))
        if which in ("array_value", "kvlist_value")
        else found
    )


_NESTED: Final[dict[str, Callable[[Any], Any]]] = {
    "array_value": lambda nested: [_plain(item) for item in nested.values],
    "kvlist_value": lambda nested: {item.key: _plain(item.value) for item in nested.values},
    "bytes_value": bytes.hex,
}


def _plain(value: Any) -> Any:
    which = value.WhichOneof("value")
    if which is None:
        return None
    found = getattr(value, which)
    return _NESTED[which](found) if which in _NESTED else found
