"""Zipkin's spans (v2 JSON, `POST /api/v2/spans`) as Jaeger keeps them. Pure.

API: zipkin.io/zipkin-api; translation: opentelemetry-collector-contrib, pkg/translator/zipkin. Annotations become logs.
A server's half of a span that it shares with its client (`shared`) gets an id of its own and the client's half as its
parent; Istio tells Envoy not to share.

Left out: v1 and thrift, which Envoy no longer sends; remoteEndpoint but for its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshtutor.embedded.addons.jaeger.model import Log, Process, Span, Tag, ordered, tag

_NO_SERVICE: Final = "unknown"
_OWN_HALF: Final = 1 << 63


def read(body: bytes) -> list[Span]:
    """The spans of a report; ValueError says what cannot be read."""
    reported = json.loads(body)
    if not isinstance(reported, list):
        raise ValueError("expected a JSON list of spans")  # noqa: TRY004 - of a body, not of an argument
    return [_checked(index, span) for index, span in enumerate(reported)]


def _checked(index: int, span: Any) -> Span:
    try:
        return _span(span)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"span {index}: {type(error).__name__}: {error}") from error


def _span(span: Mapping[str, Any]) -> Span:
    kind = str(span.get("kind") or "").lower()
    span_id = int(span["id"], 16)
    parent = int(span.get("parentId") or "0", 16)
    if span.get("shared"):
        span_id, parent = span_id ^ _OWN_HALF, span_id
    return Span(
        trace_id=int(span["traceId"], 16),
        span_id=span_id,
        parent=parent,
        operation=str(span.get("name") or ""),
        kind=kind,
        start=int(span["timestamp"]),
        duration=int(span.get("duration") or 0),
        process=_process(span.get("localEndpoint") or {}),
        tags=ordered(list(_tags(span, kind))),
        logs=tuple(_log(annotation) for annotation in span.get("annotations") or ()),
    )


def _process(endpoint: Mapping[str, Any]) -> Process:
    addresses = [
        tag("net.host.ip", endpoint[version]) for version in ("ipv4", "ipv6") if endpoint.get(version)
    ]
    return Process(str(endpoint.get("serviceName") or _NO_SERVICE), tuple(addresses))


def _tags(span: Mapping[str, Any], kind: str) -> Iterable[Tag]:
    for key, value in (span.get("tags") or {}).items():
        yield tag(key, str(value))
    if kind:
        yield tag("span.kind", kind)
    if peer := (span.get("remoteEndpoint") or {}).get("serviceName"):
        yield tag("peer.service", str(peer))


def _log(annotation: Mapping[str, Any]) -> Log:
    return Log(int(annotation["timestamp"]), (tag("event", str(annotation["value"])),))
