"""`loadBalancer`: the algorithm by which a proxy chooses an endpoint (cluster_traffic_policy.go, applyLoadBalancer).

Without a rule: LEAST_REQUEST, Istio's default. PASSTHROUGH means "the address that the client resolved itself"; behind
`http_proxy` a client resolves nothing, so it is what kube-proxy would have done with the cluster IP: a random endpoint.
"""

from __future__ import annotations

from typing import Any, Final

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.type.v3 import percent_pb2

from meshtutor.embedded.istio.policy.merge import Policy
from meshtutor.embedded.istio.reading import duration

_Cluster = cluster_pb2.Cluster
_SIMPLE: Final = {
    "LEAST_REQUEST": _Cluster.LEAST_REQUEST,
    "LEAST_CONN": _Cluster.LEAST_REQUEST,
    "ROUND_ROBIN": _Cluster.ROUND_ROBIN,
    "RANDOM": _Cluster.RANDOM,
    "PASSTHROUGH": _Cluster.RANDOM,
}
_MIN_RING_SIZE: Final = 1024


def apply(cluster: Any, policy: Policy) -> None:
    """Set the cluster's algorithm."""
    balancer = policy.get("loadBalancer") or {}
    if hashing := balancer.get("consistentHash"):
        _consistent_hash(cluster, hashing)
        return
    cluster.lb_policy = _SIMPLE.get(balancer.get("simple", ""), _Cluster.LEAST_REQUEST)
    slow_start = _slow_start(balancer)
    if slow_start is not None:
        if cluster.lb_policy == _Cluster.ROUND_ROBIN:
            cluster.round_robin_lb_config.slow_start_config.CopyFrom(slow_start)
        elif cluster.lb_policy == _Cluster.LEAST_REQUEST:
            cluster.least_request_lb_config.slow_start_config.CopyFrom(slow_start)


def is_passthrough(policy: Policy) -> bool:
    """Whether the address that the client looked up decides."""
    return bool((policy.get("loadBalancer") or {}).get("simple") == "PASSTHROUGH")


def is_hashing(policy: Policy) -> bool:
    """Whether requests with equal keys go to one endpoint; a retry elsewhere makes no sense then."""
    return bool((policy.get("loadBalancer") or {}).get("consistentHash"))


def _consistent_hash(cluster: Any, hashing: Policy) -> None:
    """Ring hash unless maglev is asked for; `minimumRingSize` is the older place of `ringHash`'s."""
    if (maglev := hashing.get("maglev")) is not None:
        cluster.lb_policy = _Cluster.MAGLEV
        if maglev.get("tableSize"):
            cluster.maglev_lb_config.table_size.value = int(maglev["tableSize"])
        return
    cluster.lb_policy = _Cluster.RING_HASH
    size = (hashing.get("ringHash") or {}).get("minimumRingSize") or hashing.get("minimumRingSize")
    cluster.ring_hash_lb_config.minimum_ring_size.value = int(size or _MIN_RING_SIZE)


def _slow_start(balancer: Policy) -> Any:
    """`warmup`, or the older `warmupDurationSecs`: new endpoints get traffic little by little."""
    warmup = balancer.get("warmup") or {}
    window = warmup.get("duration") or balancer.get("warmupDurationSecs")
    if not window:
        return None
    config = _Cluster.SlowStartConfig(slow_start_window=duration(str(window)))
    if aggression := warmup.get("aggression"):
        config.aggression.CopyFrom(base_pb2.RuntimeDouble(default_value=float(aggression), runtime_key=""))
    minimum = warmup.get("minimumPercent")
    # Istio's default of 10 % is Envoy's too.
    if minimum is not None:
        config.min_weight_percent.CopyFrom(percent_pb2.Percent(value=float(minimum)))
    return config


def http_hash_policies(policy: Policy) -> list[dict[str, Any]]:
    """What a route hashes to find the endpoint, as keyword arguments of RouteAction.HashPolicy (route.go)."""
    hashing = (policy.get("loadBalancer") or {}).get("consistentHash") or {}
    if header := hashing.get("httpHeaderName"):
        return [{"header": {"header_name": header}}]
    if cookie := hashing.get("httpCookie"):
        found: dict[str, Any] = {"name": cookie["name"], "path": cookie.get("path", "")}
        if "ttl" in cookie:
            found["ttl"] = duration(str(cookie["ttl"]))
        return [{"cookie": found}]
    if hashing.get("useSourceIp"):
        return [{"connection_properties": {"source_ip": True}}]
    if parameter := hashing.get("httpQueryParameterName"):
        return [{"query_parameter": {"name": parameter}}]
    return []
