"""One piece of work that a proxy saw: a span, read from Jaeger's JSON, in a learner's words.

Which tags Envoy gives a span: envoyproxy.io, "Tracing", "What data each trace contains"; Istio's own begin with
`istio.`. A proxy's span is of what it received (`kind` server) or what it sent on (client).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

Json = Mapping[str, Any]
_PER_MILLISECOND: Final = 1000.0
_NO_FLAGS: Final = ("", "-")
_FAULTS: Final = {"FI": "aborted", "DI": "delayed"}
_POD_AT: Final = 2
_UPSTREAM: Final = "router "
_CLUSTER_PARTS: Final = 4  # outbound|PORT|SUBSET|HOST


@dataclass(frozen=True)
class Span:
    """`offset` and `milliseconds` in ms, the first from the start of the trace; `parent` is "" for a root.

    `follows` are spans that this one was caused by without being waited for (OpenTracing's FOLLOWS_FROM).
    """

    id: str
    parent: str
    service: str
    operation: str
    offset: float
    milliseconds: float
    tags: Mapping[str, Any] = field(default_factory=dict, hash=False)
    events: tuple[tuple[float, str], ...] = ()
    follows: bool = False

    @property
    def end(self) -> float:
        """When it ended, in ms from the start of the trace."""
        return self.offset + self.milliseconds

    @property
    def name(self) -> str:
        """The service without its namespace: `reviews` of `reviews.default`."""
        return self.service.partition(".")[0]

    @property
    def kind(self) -> str:
        """`server`, `client` or what else the reporter said; "" if nothing."""
        return str(self.tags.get("span.kind", ""))

    @property
    def status(self) -> int:
        """The HTTP status, 0 if there was none."""
        code = str(self.tags.get("http.status_code", ""))
        return int(code) if code.isdigit() else 0

    @property
    def flags(self) -> tuple[str, ...]:
        """Envoy's response flags, as `("UF", "URX")`."""
        text = str(self.tags.get("response_flags", ""))
        return () if text in _NO_FLAGS else tuple(text.split(","))

    @property
    def is_error(self) -> bool:
        """Whether the reporter called it failed (Envoy: status 5xx, or no answer)."""
        said = (
            str(self.tags.get("error", "")).lower() == "true" or self.tags.get("otel.status_code") == "ERROR"
        )
        return said or self.status >= 500

    @property
    def fault(self) -> str:
        """`aborted` or `delayed` when a rule injected a fault here, else ""."""
        return " and ".join(word for flag, word in _FAULTS.items() if flag in self.flags)

    @property
    def request(self) -> str:
        """`GET /reviews/0`; without a URL the operation's name.

        A gateway's span of what it sends on has no URL (Envoy's `spawn_upstream_span`): `to reviews:9080`.
        """
        url = urlsplit(str(self.tags.get("http.url", "")))
        if url.netloc:
            return f"{self.tags.get('http.method', '')} {url.path or '/'}".strip()
        parts = self.upstream.split("|")
        if self.operation.startswith(_UPSTREAM) and len(parts) == _CLUSTER_PARTS:
            return f"to {parts[3].partition('.')[0]}:{parts[1]}"
        return self.operation

    @property
    def upstream(self) -> str:
        """The Envoy cluster that the request went to, as `outbound|9080|v1|reviews.default.svc.cluster.local`."""
        return str(self.tags.get("upstream_cluster.name") or self.tags.get("upstream_cluster") or "")

    @property
    def pod(self) -> str:
        """The pod whose proxy reported it (of `node_id`), "" if that is unknown."""
        parts = str(self.tags.get("node_id", "")).split("~")
        return parts[_POD_AT].partition(".")[0] if len(parts) > _POD_AT else ""

    @property
    def version(self) -> str:
        """The version of the service that reported it (Istio's canonical revision), "" if that is unknown."""
        found = str(self.tags.get("istio.canonical_revision", ""))
        return "" if found == "latest" else found

    @property
    def request_id(self) -> str:
        """`x-request-id`, the same in every span of a trace."""
        return str(self.tags.get("guid:x-request-id", ""))


def read_spans(trace: Json) -> tuple[float, tuple[Span, ...]]:
    """(start in seconds since the epoch, spans by their start) of a trace in Jaeger's JSON."""
    spans = sorted(trace["spans"], key=lambda span: (span["startTime"], -span["duration"]))
    start = min((span["startTime"] for span in spans), default=0)
    return start / 1e6, tuple(_read(span, trace["processes"], start) for span in spans)


def _read(span: Json, processes: Json, start: int) -> Span:
    reference = _parent(span)
    return Span(
        id=span["spanID"],
        parent=reference["spanID"] if reference else "",
        service=processes[span["processID"]]["serviceName"],
        operation=span["operationName"],
        offset=(span["startTime"] - start) / _PER_MILLISECOND,
        milliseconds=span["duration"] / _PER_MILLISECOND,
        tags={tag["key"]: tag["value"] for tag in span["tags"]},
        events=tuple(_event(log, start) for log in span["logs"] or ()),
        follows=bool(reference and reference["refType"] == "FOLLOWS_FROM"),
    )


def _parent(span: Json) -> Json | None:
    """The reference that places the span in its tree: a parent before a span it follows from."""
    own = [ref for ref in span["references"] or () if ref["traceID"] == span["traceID"]]
    return min(own, key=lambda ref: str(ref["refType"]) != "CHILD_OF", default=None)


def _event(log: Json, start: int) -> tuple[float, str]:
    fields = {field["key"]: field["value"] for field in log["fields"]}
    words = str(fields.get("event") or ", ".join(f"{key}={value}" for key, value in fields.items()))
    return (log["timestamp"] - start) / _PER_MILLISECOND, words
