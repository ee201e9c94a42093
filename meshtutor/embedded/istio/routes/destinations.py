"""Where a route leads: one cluster, or several by weight (route.go, processDestination)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envoy.config.route.v3 import route_components_pb2 as route

from meshtutor.embedded.istio.policy import load_balancing
from meshtutor.embedded.istio.routes import headers
from meshtutor.embedded.istio.routes.client import Client

Destination = Mapping[str, Any]


def apply(out: Any, destinations: list[Destination], client: Client, namespace: str, port: int) -> bool:
    """Set clusters, headers and hash policies of the Route `out`; True if retries must keep to one endpoint.

    A single destination takes all requests, whatever its weight; among several those of weight 0 are left out.
    """
    if len(destinations) == 1:
        return _single(out, destinations[0], client, namespace, port)
    weighted = out.route.weighted_clusters
    weighted.SetInParent()
    for destination in destinations:
        weight = int(destination.get("weight") or 0)
        if weight:
            cluster = client.cluster_of(destination["destination"], namespace, port)
            entry = weighted.clusters.add(name=cluster)
            entry.weight.value = weight
            if authority := headers.apply(entry, destination.get("headers") or {}):
                entry.host_rewrite_literal = authority
            _hash(out, destination, client, namespace, port)
    return False


def _single(out: Any, destination: Destination, client: Client, namespace: str, port: int) -> bool:
    out.route.cluster = client.cluster_of(destination["destination"], namespace, port)
    authority = headers.apply(out, destination.get("headers") or {})
    if authority and not out.route.host_rewrite_literal:
        out.route.host_rewrite_literal = authority
    return _hash(out, destination, client, namespace, port)


def _hash(out: Any, destination: Destination, client: Client, namespace: str, port: int) -> bool:
    policy = client.policy_for(destination["destination"], namespace, port)
    return add_hash_policies(out, policy)


def add_hash_policies(out: Any, policy: Mapping[str, Any]) -> bool:
    """What requests are hashed by, for a DestinationRule with consistentHash; True if it has one."""
    for fields in load_balancing.http_hash_policies(policy):
        out.route.hash_policy.append(route.RouteAction.HashPolicy(**fields))
    return load_balancing.is_hashing(policy)
