"""Headers with which a request gets a trace id of the sender's choosing, so that its trace can be found by it.

W3C Trace Context (w3.org/TR/trace-context, `traceparent`). Envoy takes the id from it; that the request is sampled at
all it learns from `x-client-trace-id`, which Istio's proxies honour always (client sampling is 100 %).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass


@dataclass(frozen=True)
class TraceContext:
    """`trace_id` as Jaeger names the trace; `headers` to send along."""

    trace_id: str
    headers: dict[str, str]


def fresh() -> TraceContext:
    """A new id. The trace's root refers to a span that nobody reports: the sender itself."""
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    return TraceContext(
        trace_id, {"traceparent": f"00-{trace_id}-{span_id}-01", "x-client-trace-id": trace_id}
    )
