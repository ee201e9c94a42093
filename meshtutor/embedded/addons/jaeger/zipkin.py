"""Zipkin's spans (v2 JSON, `POST /api/v2/spans`) as Jaeger keeps them. Pure.

API: zipkin.io/zipkin-api; translation: opentelemetry-collector-contrib, pkg/translator/zipkin. Annotations become logs.
A server's half of a span that it shares with its client (`shared`) gets an id of its own and the client's half as its
parent; Istio tells Envoy not to share. Ids may be shorter than the API's 16 (or 32) digits, as Zipkin itself takes them
(zipkin-go, model/traceid.go).

Left out: v1 and thrift, which Envoy no longer sends; remoteEndpoint but for its name.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshtutor.embedded.addons.jaeger.model import Log, Process, Span, Tag, ordered, tag

_NO_SERVICE: Final = "unknown"
_OWN_HALF: Final = 1 << 63
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_TRACE_DIGITS: Final = 32
_SPAN_DIGITS: Final = 16
_MOST_MICROSECONDS: Final = 2**63 - 1
_TOO_DEEP: Final = "the JSON is nested too deeply"


def read(body: bytes) -> list[Span]:
    """The spans of a report; ValueError says what cannot be read."""
    try:
        reported = json.loads(body)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if not isinstance(reported, list):
        raise ValueError("expected a JSON list of spans")  # noqa: TRY004 - of a body, not of an argument
    return [_checked(index, span) for index, span in enumerate(reported)]


def _checked(index: int, span: Any) -> Span:
    try:
        return _span(span)
    except RecursionError:
        raise ValueError(f"span {index}: {_TOO_DEEP}") from None
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise ValueError(f"span {index}: {error}") from error


def _span(span: Any) -> Span:
    if not isinstance(span, Mapping):
        raise TypeError(f"expected an object, found {reprlib.repr(span)}")
    kind = str(span.get("kind") or "").lower()
    span_id = _id(span, "id", _SPAN_DIGITS)
    parent = _id(span, "parentId", _SPAN_DIGITS, least=0) if span.get("parentId") else 0
    if span.get("shared"):
        span_id, parent = span_id ^ _OWN_HALF, span_id
    return Span(
        trace_id=_id(span, "traceId", _TRACE_DIGITS),
        span_id=span_id,
        parent=parent,
        operation=str(span.get("name") or ""),
        kind=kind,
        start=_microseconds(span, "timestamp"),
        duration=_microseconds(span, "duration") if span.get("duration") else 0,
        process=_process(span.get("localEndpoint") or {}),
        tags=ordered(list(_tags(span, kind))),
        logs=tuple(_log(annotation) for annotation in span.get("annotations") or ()),
    )


def _id(span: Mapping[str, Any], field: str, digits: int, least: int = 1) -> int:
    """An id; a span's own are not 0, which means no parent."""
    found = span.get(field)
    valid = isinstance(found, str) and len(found) <= digits and _HEX.fullmatch(found)
    number = int(str(found), 16) if valid else -1
    if number < least:
        raise ValueError(
            f"{field} is {reprlib.repr(found)}, expected 1 to {digits} hexadecimal digits, not all of them 0"
        )
    return number


def _microseconds(one: Mapping[str, Any], field: str) -> int:
    found = one.get(field)
    try:
        number = int(found)  # type: ignore[arg-type]  # of None it raises TypeError, as of a list
    except (TypeError, ValueError, OverflowError):
        number = -1
    if not 0 <= number <= _MOST_MICROSECONDS:
        raise ValueError(
            f"{field} is {reprlib.repr(found)}, expected microseconds from 0 to {_MOST_MICROSECONDS}"
        )
    return number


def _process(endpoint: Mapping[str, Any]) -> Process:
    addresses = [
        tag("net.host.ip", str(endpoint[version])) for version in ("ipv4", "ipv6") if endpoint.get(version)
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
    return Log(_microseconds(annotation, "timestamp"), (tag("event", str(annotation["value"])),))
