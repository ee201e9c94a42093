"""OTLP over HTTP in JSON: protobuf's JSON, but with hexadecimal ids (OTLP specification, "JSON Protobuf Encoding").

Imported when the first JSON comes: Envoys send protobuf.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from google.protobuf import json_format

from meshtutor.embedded.addons.jaeger.otlp_messages import ExportTraceServiceRequest

_IDS: Final = frozenset({"traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id"})


def parse(body: bytes) -> Any:
    """An ExportTraceServiceRequest; ValueError says what cannot be read."""
    report = _with_ids(json.loads(body))
    if not isinstance(report, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - of a body, not of an argument
    try:
        return json_format.ParseDict(report, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def response(message: Any) -> str:
    """A message as JSON."""
    return str(json_format.MessageToJson(message, indent=None))


def _with_ids(node: Any) -> Any:
    """The same, with ids as protobuf's JSON writes bytes: base64."""
    if isinstance(node, list):
        return [_with_ids(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in _IDS else _with_ids(value)
        for key, value in node.items()
    }
