"""Traces made up for tests, in a few words."""

from __future__ import annotations

from typing import Any

from meshtutor.telemetry.spans import Span
from meshtutor.telemetry.trace import Trace


def span(
    number: str,
    parent: str = "",
    start: float = 0.0,
    end: float = 10.0,
    service: str = "reviews.default",
    kind: str = "server",
    follows: bool = False,
    path: str = "/x",
    **tags: Any,
) -> Span:
    """A span from `start` to `end` ms; `__` in a tag's name stands for a dot."""
    named = {key.replace("__", "."): value for key, value in tags.items()}
    common = {"span.kind": kind, "http.method": "GET", "http.url": f"http://{service}:9080{path}?q=1"}
    return Span(
        number, parent, service, f"{service}:9080/*", start, end - start, common | named, follows=follows
    )


def trace(*spans: Span, id: str = "abc", start: float = 1_700_000_000.0) -> Trace:  # noqa: A002 - as in Trace
    return Trace(id, start, tuple(sorted(spans, key=lambda s: s.offset)))


def retried() -> Trace:
    """productpage asks reviews, whose first answer is a failure; the second attempt waits for an injected delay."""
    return trace(
        span("p", end=92, service="productpage.default", path="/productpage"),
        span("c", "p", 14, 88, "productpage.default", "client", path="/reviews/0"),
        span(
            "r1", "c", 15, 35, path="/reviews/0", http__status_code="503", response_flags="UC", error="true"
        ),
        span("r2", "c", 41, 87, path="/reviews/0", http__status_code="200", response_flags="-"),
        span("d", "r2", 45, 83, kind="client", path="/ratings/0", response_flags="DI"),
        span(
            "x",
            "d",
            76,
            82.5,
            "ratings.default",
            path="/ratings/0",
            istio__canonical_revision="v1",
            node_id="sidecar~127.1.16.7~ratings-v1-abc.default~default.svc.cluster.local",
        ),
    )
