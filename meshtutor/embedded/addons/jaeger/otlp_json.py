"""OTLP over HTTP in JSON: protobuf's JSON, but with hexadecimal ids (OTLP specification, "JSON Protobuf Encoding").

`null` is a field's default value, as everywhere in protobuf's JSON.

Imported when the first JSON comes: Envoys send protobuf.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from google.protobuf import json_format

from meshtutor.embedded.addons.jaeger.otlp_messages import ExportTraceServiceRequest, KeyValue

_IDS: Final = frozenset({"traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id"})


def parse(body: bytes) -> Any:
    """An ExportTraceServiceRequest; ValueError says what cannot be read."""
    try:
        report = json.loads(body)
        if not isinstance(report, dict):
            raise ValueError("expected a JSON object")  # noqa: TRY004 - of a body, not of an argument
        return json_format.ParseDict(
            _as_declared(report), ExportTraceServiceRequest(), ignore_unknown_fields=True
        )
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except (json_format.ParseError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(str(error)) from error


def response(message: Any) -> str:
    """A message as JSON."""
    return str(json_format.MessageToJson(message, indent=None))


def _as_declared(node: Any) -> Any:
    """The same, with ids and attributes as protobuf's JSON writes bytes: base64."""
    if isinstance(node, list):
        return [_as_declared(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _bytes(key, value) for key, value in node.items()}


def _bytes(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key in _IDS:
        return base64.b64encode(bytes.fromhex(value)).decode()
    if key == "attributes":
        return [_attribute(item) for item in value]
    return _as_declared(value)


def _attribute(item: Any) -> str:
    if not isinstance(item, dict):
        raise TypeError(f"expected an attribute with key and value, found {item!r}")
    attribute = json_format.ParseDict(item, KeyValue(), ignore_unknown_fields=True)
    return base64.b64encode(attribute.SerializeToString()).decode()
