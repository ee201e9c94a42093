"""`connectionPool`: how many connections and requests a proxy opens to a service (cluster_traffic_policy.go).

Istio lifts Envoy's limits of 1024 by default. Units: counts; times are Istio durations ("5s").
"""

from __future__ import annotations

from typing import Any, Final

from envoy.config.cluster.v3 import circuit_breaker_pb2

from meshtutor.embedded.istio.policy.merge import Policy
from meshtutor.embedded.istio.reading import duration, uint32

NO_LIMIT: Final = 2**32 - 1


def apply(cluster: Any, options: Any, policy: Policy, *, http2_port: bool) -> None:
    """Set thresholds on the cluster and protocol options; `options` is its HttpProtocolOptions."""
    pool = policy.get("connectionPool") or {}
    tcp, http = pool.get("tcp") or {}, pool.get("http") or {}
    cluster.circuit_breakers.thresholds.append(_thresholds(tcp, http))
    _tcp(cluster, options, tcp)
    _http(options, http, http2_port=http2_port)


def _thresholds(tcp: Policy, http: Policy) -> Any:
    return circuit_breaker_pb2.CircuitBreakers.Thresholds(
        max_connections=uint32(int(tcp.get("maxConnections") or NO_LIMIT)),
        max_pending_requests=uint32(int(http.get("http1MaxPendingRequests") or NO_LIMIT)),
        max_requests=uint32(int(http.get("http2MaxRequests") or NO_LIMIT)),
        max_retries=uint32(int(http.get("maxRetries") or NO_LIMIT)),
        track_remaining=True,  # Istio leaves it off to save memory; lesson 11 shows the remaining slots
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


def _http(options: Any, http: Policy, *, http2_port: bool) -> None:
    common = options.common_http_protocol_options
    if requests := http.get("maxRequestsPerConnection"):
        common.max_requests_per_connection.value = int(requests)
    if idle := http.get("idleTimeout"):
        common.idle_timeout.CopyFrom(duration(idle))
    if http.get("useClientProtocol"):
        options.use_downstream_protocol_config.http_protocol_options.SetInParent()
        options.use_downstream_protocol_config.http2_protocol_options.SetInParent()
        return
    upgraded = http2_port or http.get("h2UpgradePolicy") == "UPGRADE"
    if upgraded:
        http2 = options.explicit_http_config.http2_protocol_options
        http2.SetInParent()
        if streams := http.get("maxConcurrentStreams"):
            http2.max_concurrent_streams.value = int(streams)
    else:
        options.explicit_http_config.http_protocol_options.SetInParent()
