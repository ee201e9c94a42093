"""The PromQL behind a graph: Kiali's, for all namespaces at once.

What a client's proxy reports is believed first, as it also sees what never reached a server; a client without a proxy
("unknown") is seen by the server's only. Mutual TLS is the server's word: a client's report says "unknown".
Source: kiali/kiali, graph/telemetry/istio/{istio.go, appender/response_time.go, appender/security_policy.go}.

Unlike Kiali the latency is asked for separately for calls to a Service and from a Service to a workload, added up over
the histogram's buckets (a percentile of percentiles would be wrong, so Kiali leaves the first out), and of all
responses, not only of successful ones: a slow failure is slow, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

REQUESTS: Final = "istio_requests_total"
LATENCY: Final = "istio_request_duration_milliseconds_bucket"
TCP_SENT: Final = "istio_tcp_sent_bytes_total"

SOURCE: Final = (
    "source_workload_namespace",
    "source_workload",
    "source_canonical_service",
    "source_canonical_revision",
)
SERVICE: Final = ("destination_service_namespace", "destination_service", "destination_service_name")
WORKLOAD: Final = (
    "destination_workload_namespace",
    "destination_workload",
    "destination_canonical_service",
    "destination_canonical_revision",
)
_RESPONSE: Final = ("request_protocol", "response_code", "grpc_response_status", "response_flags")
_POLICY: Final = "connection_security_policy"


def requests(namespaces: Sequence[str], window: str) -> str:
    """Requests per second by who called whom and what was answered."""
    return _union(REQUESTS, namespaces, window, (*SOURCE, *SERVICE, *WORKLOAD, *_RESPONSE))


def tcp(namespaces: Sequence[str], window: str) -> str:
    """Bytes per second that TCP connections carried to servers."""
    return _union(TCP_SENT, namespaces, window, (*SOURCE, *SERVICE, *WORKLOAD, "response_flags"))


def latency(namespaces: Sequence[str], window: str, quantile: float = 0.95) -> str:
    """A percentile in ms: by caller and Service, and by Service and workload (then without a caller's labels)."""
    to_service = _union(LATENCY, namespaces, window, ("le", *SOURCE, *SERVICE))
    to_workload = _union(LATENCY, namespaces, window, ("le", *SERVICE, *WORKLOAD), keep_apart=False)
    return " or ".join(f"histogram_quantile({quantile}, {query})" for query in (to_service, to_workload))


def mutual_tls(namespaces: Sequence[str], window: str) -> str:
    """Requests per second by who called whom and how the connection was secured, by the server's word."""
    chosen = _matching(namespaces)
    labels = ", ".join((*SOURCE, *SERVICE, *WORKLOAD, _POLICY))
    one = f'reporter="destination",destination_service_namespace=~"{chosen}"'
    other = f'reporter="destination",source_workload_namespace=~"{chosen}",destination_service_namespace!~"{chosen}"'
    return " or ".join(f"sum by ({labels}) (rate({REQUESTS}{{{match}}}[{window}]))" for match in (one, other))


def scrapes(window: str) -> str:
    """How often each target was scraped in the window."""
    return f"count_over_time(up[{window}])"


def totals(namespaces: Sequence[str]) -> str:
    """All requests ever counted from or to the namespaces."""
    return f"sum({' or '.join(f'{REQUESTS}{{{match}}}' for match in _parts(namespaces))})"


def _union(
    metric: str, namespaces: Sequence[str], window: str, labels: Sequence[str], *, keep_apart: bool = True
) -> str:
    """Kiali's three: from unknown callers, from callers elsewhere, from callers here.

    Groups without the caller's labels would meet in several of the three: those are added before grouping.
    """
    grouped = ", ".join(labels)
    rates = [f"rate({metric}{{{match}}}[{window}])" for match in _parts(namespaces)]
    if keep_apart:
        return " or ".join(f"sum by ({grouped}) ({rate})" for rate in rates)
    return f"sum by ({grouped}) ({' or '.join(rates)})"


def _parts(namespaces: Sequence[str]) -> tuple[str, str, str]:
    chosen = _matching(namespaces)
    elsewhere = f'source_workload_namespace!~"{chosen}",source_workload!="unknown"'
    return (
        f'reporter="destination",source_workload="unknown",destination_workload_namespace=~"{chosen}"',
        f'reporter="source",{elsewhere},destination_service_namespace=~"{chosen}"',
        f'reporter="source",source_workload_namespace=~"{chosen}"',
    )


def _matching(namespaces: Sequence[str]) -> str:
    """A pattern for names; a namespace's name has no character that PromQL's strings would need escaped."""
    return "|".join(re.escape(name) for name in namespaces).replace("\\", "\\\\")
