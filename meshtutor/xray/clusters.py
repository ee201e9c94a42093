"""Where a route leads: clusters with their shares, and the endpoints behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from meshtutor.xray.call import Call
from meshtutor.xray.dump import Envoy
from meshtutor.xray.result import Endpoint, Target
from meshtutor.xray.virtual_hosts import without_port

Json = dict[str, Any]
LOOKED_UP: Final = ("STRICT_DNS", "LOGICAL_DNS")
FORWARD_PROXY: Final = "envoy.clusters.dynamic_forward_proxy"


def targets(action: Json, envoy: Envoy) -> tuple[Target, ...]:
    """The clusters of a route action."""
    if "weighted_clusters" in action:
        parts = action["weighted_clusters"].get("clusters", [])
        total = sum(int(part.get("weight", 0)) for part in parts) or 1
        return tuple(target(part["name"], 100 * int(part.get("weight", 0)) / total, envoy) for part in parts)
    return (target(action["cluster"], 100.0, envoy),) if action.get("cluster") else ()


def target(name: str, share: float, envoy: Envoy) -> Target:
    """A cluster with its endpoints."""
    cluster = envoy.clusters.get(name)
    if cluster is None:
        return Target(name, share, exists=False)
    service = (cluster.get("eds_cluster_config") or {}).get("service_name", name)
    assignment = (
        cluster.get("load_assignment") or envoy.endpoints.get(service) or envoy.endpoints.get(name) or {}
    )
    istio = ((cluster.get("metadata") or {}).get("filter_metadata") or {}).get("istio") or {}
    return Target(
        name,
        share,
        exists=True,
        endpoints=tuple(_endpoints(assignment, looked_up=cluster.get("type") in LOOKED_UP)),
        lb_policy=cluster.get("lb_policy", "ROUND_ROBIN"),
        kind=(cluster.get("cluster_type") or {}).get("name") or cluster.get("type", "STATIC"),
        config=str(istio.get("config", "")),
        by_locality="locality_weighted_lb_config" in (cluster.get("common_lb_config") or {}),
        namespace=_namespace(istio),
    )


def _namespace(istio: Json) -> str:
    services = istio.get("services") or [{}]
    return str(services[0].get("namespace", ""))


def asked_for(target: Target, call: Call) -> Target:
    """A cluster without endpoints of its own, with the one that a call names; any other as it is."""
    if target.kind != FORWARD_PROXY:
        return target
    named = without_port(call.authority) != call.authority
    address = call.authority if named else f"{call.authority}:80"
    return replace(target, endpoints=(Endpoint(address, name=without_port(call.authority)),))


def _endpoints(assignment: Json, *, looked_up: bool) -> Iterator[Endpoint]:
    for group in assignment.get("endpoints", ()):
        place = group.get("locality") or {}
        locality = "/".join(place[part] for part in ("region", "zone", "sub_zone") if place.get(part))
        for member in group.get("lb_endpoints", ()):
            found = _endpoint(member, int(group.get("priority", 0)), locality)
            name = found.address.rpartition(":")[0] if looked_up else ""
            yield replace(found, locality_weight=int(group.get("load_balancing_weight", 1)), name=name)


def _endpoint(member: Json, priority: int, locality: str) -> Endpoint:
    address = ((member.get("endpoint") or {}).get("address") or {}).get("socket_address") or {}
    metadata = (member.get("metadata") or {}).get("filter_metadata") or {}
    socket = metadata.get("envoy.transport_socket_match") or {}
    return Endpoint(
        address=f"{address.get('address', '?')}:{address.get('port_value', '?')}",
        health=member.get("health_status", "HEALTHY"),
        priority=priority,
        locality=locality,
        weight=int(member.get("load_balancing_weight", 1)),
        workload=str((metadata.get("istio") or {}).get("workload", "")).split(";")[0],
        tls=socket.get("tlsMode") == "istio",
    )
