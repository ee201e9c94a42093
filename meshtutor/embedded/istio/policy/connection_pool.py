"""`connectionPool`: how many connections and requests a proxy opens to a service (cluster_traffic_policy.go).

Beside it `retryBudget`, which limits retries by the requests under way. Istio lifts Envoy's limits of 1024 by default.
Units: counts, budgets in per cent; times are Istio durations ("5s").
"""

from __future__ import annotations

from typing import Any, Final

from envoy.config.cluster.v3 import circuit_breaker_pb2
from envoy.type.v3 import percent_pb2

from meshtutor.embedded.istio.policy.merge import Policy
from meshtutor.embedded.istio.reading import duration, uint32

NO_LIMIT: Final = 2**32 - 1


DEFAULT_BUDGET: Final = 0.2
"""Per cent. Istio's API says 20 %, and Istio writes 0.2 into a field that counts in per cent (applyRetryBudget)."""
_MIN_RETRIES: Final = 3


def apply(cluster: Any, options: Any, policy: Policy, *, http2_port: bool, inbound: bool = False) -> None:
    """Set thresholds on the cluster and protocol options; `options` is its HttpProtocolOptions.

    `inbound`: towards a pod's own app, whose protocol no rule changes.
    """
    pool = policy.get("connectionPool") or {}
    tcp, http = pool.get("tcp") or {}, pool.get("http") or {}
    thresholds = _thresholds(tcp, http)
    if (budget := policy.get("retryBudget")) is not None:
        thresholds.retry_budget.CopyFrom(_retry_budget(budget))
    cluster.circuit_breakers.thresholds.append(thresholds)
    _tcp(cluster, options, tcp)
    upgraded = http2_port or (not inbound and http.get("h2UpgradePolicy") == "UPGRADE")
    _http(options, http, tcp.get("idleTimeout"), http2=upgraded)


def _thresholds(tcp: Policy, http: Policy) -> Any:
    return circuit_breaker_pb2.CircuitBreakers.Thresholds(
        max_connections=uint32(int(tcp.get("maxConnections") or NO_LIMIT)),
        max_pending_requests=uint32(int(http.get("http1MaxPendingRequests") or NO_LIMIT)),
        max_requests=uint32(int(http.get("http2MaxRequests") or NO_LIMIT)),
        max_retries=uint32(int(http.get("maxRetries") or NO_LIMIT)),
        track_remaining=True,  # Istio leaves it off to save memory; lesson 11 shows the remaining slots
    )


def _retry_budget(budget: Policy) -> Any:
    """Retries under way at most, as a share of the requests under way; a few are always allowed."""
    percent = budget.get("percent")
    return circuit_breaker_pb2.CircuitBreakers.Thresholds.RetryBudget(
        budget_percent=percent_pb2.Percent(value=DEFAULT_BUDGET if percent is None else float(percent)),
        min_retry_concurrency=uint32(int(budget.get("minRetryConcurrency") or _MIN_RETRIES)),
    )


def _tcp(cluster: Any, options: Any, tcp: Policy) -> None:
    if timeout := tcp.get("connectTimeout"):
        cluster.connect_timeout.CopyFrom(duration(timeout))
    if age := tcp.get("maxConnectionDuration"):
        options.common_http_protocol_options.max_connection_duration.CopyFrom(duration(age))
    if (keepalive := tcp.get("tcpKeepalive")) is not None:
        found = cluster.upstream_connection_options.tcp_keepalive
        if keepalive.get("probes"):
            found.keepalive_probes.value = int(keepalive["probes"])
        if keepalive.get("time"):
            found.keepalive_time.value = duration(keepalive["time"]).seconds
        if keepalive.get("interval"):
            found.keepalive_interval.value = duration(keepalive["interval"]).seconds


def _http(options: Any, http: Policy, tcp_idle: str | None, *, http2: bool) -> None:
    """`tcp_idle` is the TCP section's idleTimeout, which stands in for a missing one of HTTP."""
    common = options.common_http_protocol_options
    if requests := http.get("maxRequestsPerConnection"):
        common.max_requests_per_connection.value = int(requests)
    if idle := http.get("idleTimeout") or tcp_idle:
        common.idle_timeout.CopyFrom(duration(idle))
    if http.get("useClientProtocol"):
        options.use_downstream_protocol_config.http_protocol_options.SetInParent()
        options.use_downstream_protocol_config.http2_protocol_options.SetInParent()
        return
    if http2:
        found = options.explicit_http_config.http2_protocol_options
        found.SetInParent()
        if streams := http.get("maxConcurrentStreams"):
            found.max_concurrent_streams.value = int(streams)
    else:
        options.explicit_http_config.http_protocol_options.SetInParent()
