"""Traces in the JSON that jaeger-ui reads (Jaeger's internal/uimodel, converter/v1/json). Pure."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from meshtutor.embedded.addons.jaeger.model import Log, Process, Span, Tag

Json = dict[str, Any]
_SAFE: Final = 2**53 - 1
"""The largest integer that JavaScript has exactly; beyond it Jaeger writes text."""
_TAGS_REMEMBERED: Final = 2048


def trace(spans: Sequence[Span]) -> Json:
    """A trace; its processes are named p1, p2, ... in the order of their first spans."""
    processes: dict[Process, str] = {}
    rendered = [_span(span, processes.setdefault(span.process, f"p{len(processes) + 1}")) for span in spans]
    return {
        "traceID": trace_id(spans[0].trace_id) if spans else "",
        "spans": rendered,
        "processes": {
            name: {"serviceName": process.service, "tags": _tags(process.tags)}
            for process, name in processes.items()
        },
        "warnings": None,
    }


def trace_id(number: int) -> str:
    """32 hexadecimal digits, or 16 if the upper half is 0 (model.TraceID)."""
    return f"{number:032x}" if number >> 64 else f"{number:016x}"


def span_id(number: int) -> str:
    """16 hexadecimal digits."""
    return f"{number:016x}"


def _span(span: Span, process: str) -> Json:
    trace_name = trace_id(span.trace_id)
    return {
        "traceID": trace_name,
        "spanID": span_id(span.span_id),
        "operationName": span.operation,
        "references": list(_references(span, trace_name)),
        "startTime": span.start,
        "duration": span.duration,
        "tags": _tags(span.tags),
        "logs": [_log(log) for log in span.logs],
        "processID": process,
        "warnings": None,
    }


def _references(span: Span, trace_name: str) -> Iterable[Json]:
    if span.parent:
        yield {"refType": "CHILD_OF", "traceID": trace_name, "spanID": span_id(span.parent)}
    for other in span.references:
        yield {"refType": other.type, "traceID": trace_id(other.trace_id), "spanID": span_id(other.span_id)}


def _log(log: Log) -> Json:
    return {"timestamp": log.timestamp, "fields": _tags(log.fields)}


def _tags(tags: Iterable[Tag]) -> list[Json]:
    return [_tag(tag) for tag in tags]


@lru_cache(_TAGS_REMEMBERED)
def _tag(tag: Tag) -> Json:
    """A tag; most are the same in thousands of spans, so they are made once. Nobody changes them."""
    value: Any = tag.value
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    elif (isinstance(value, int) and abs(value) > _SAFE) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        value = str(value)  # neither has JSON
    return {"key": tag.key, "type": tag.type, "value": value}
