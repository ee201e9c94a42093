"""Filter chains of a gateway that pass on bytes: by VirtualServices' `tls` and `tcp`.

Source: networking/core/gateway.go (createGatewayTCPFilterChainOpts and what it calls), networkfilter.go
(buildOutboundNetworkFilters). TLS that is passed on unopened has a chain for each match of each `tls` rule, for the
names in its `sniHosts`; a match of which some name has a chain already is left out as a whole. Plain TCP, and TLS that
the gateway opens, follow the first `tcp` rule that fits. Of a match only `port` and `gateways` count: a gateway does
not know who is behind its clients. No fitting chain: the connection is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.type.v3 import hash_policy_pb2

from meshtutor.embedded.istio import tcp_connection
from meshtutor.embedded.istio.destination_rules import DestinationRule
from meshtutor.embedded.istio.endpoints import struct
from meshtutor.embedded.istio.gateway_servers import ANY_NAME, BoundServer
from meshtutor.embedded.istio.reading import duration
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.routes.http_rule import RULE_METADATA
from meshtutor.embedded.istio.rules import VirtualService, VirtualServices, gateway_names

Rule = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Passing:
    """What chains are made from: the rules, the gateway pod as it sees the mesh, and what it reports of connections."""

    services: VirtualServices
    client: Client
    loggers: list[Any]


@dataclass(frozen=True, eq=False)
class Route:
    """Where a rule leads, and whose rule it is."""

    filter: Any
    metadata: Any


def by_name(bound: BoundServer, passing: Passing, taken: set[str]) -> Iterator[Any]:
    """The chains of a server that passes TLS on; `taken` are the names that have a chain, and grow."""
    for service in _bound_to(bound, passing):
        for index, rule in enumerate(service.tls):
            for number, match in enumerate(rule.get("match") or ()):
                names = [str(name) for name in match.get("sniHosts") or ()]
                if _fits(match, bound, service) and not taken.intersection(names):
                    taken.update(names)
                    found = _route(rule, f"tls[{index}].match[{number}]", service, bound, passing)
                    yield _chain(found, names)


def _chain(found: Route, names: list[str]) -> Any:
    chain = listener_components_pb2.FilterChain(filters=[found.filter], metadata=found.metadata)
    if ANY_NAME not in names:
        chain.filter_chain_match.server_names.extend(sorted(set(names)))
    return chain


def route(bound: BoundServer, passing: Passing) -> Route | None:
    """Where a server of plain TCP, or of TLS that is opened, sends its connections; None if no rule is for it."""
    for service in _bound_to(bound, passing):
        for index, rule in enumerate(service.tcp):
            place, matches = f"tcp[{index}]", rule.get("match") or ()
            if not matches:
                return _route(rule, place, service, bound, passing)
            for number, match in enumerate(matches):
                if _fits(match, bound, service):
                    return _route(rule, f"{place}.match[{number}]", service, bound, passing)
    return None


def _bound_to(bound: BoundServer, passing: Passing) -> Iterator[VirtualService]:
    for service in passing.services.for_gateway(bound.gateway.full_name, passing.client.namespace):
        if any(name for host in service.hosts for name in bound.server.accepts(host, service.namespace)):
            yield service


def _fits(match: Rule, bound: BoundServer, service: VirtualService) -> bool:
    """Whether a match is for a server of a gateway (l4SingleMatch)."""
    named = gateway_names(match.get("gateways") or (), service.namespace)
    return match.get("port") in (None, 0, bound.server.port) and (
        not named or bound.gateway.full_name in named
    )


def _route(rule: Rule, place: str, service: VirtualService, bound: BoundServer, passing: Passing) -> Route:
    metadata = base_pb2.Metadata(
        filter_metadata={
            "istio": struct({"config": service.config_path}),
            RULE_METADATA: struct({"rule": place}),
        }
    )
    return Route(tcp_connection.network_filter(_settings(rule, service, bound, passing)), metadata)


def _settings(rule: Rule, service: VirtualService, bound: BoundServer, passing: Passing) -> Any:
    """One destination takes all, whatever its weight; of several those of weight 0 are left out."""
    client, port = passing.client, bound.server.port
    routes: list[Rule] = rule.get("route") or []
    clusters = [client.cluster_of(one.get("destination") or {}, service.namespace, port) for one in routes]
    if len(routes) == 1:
        config = tcp_connection.to_cluster(clusters[0], passing.loggers)
    else:
        weights = (int(one.get("weight") or 0) for one in routes)
        some = [(cluster, weight) for cluster, weight in zip(clusters, weights, strict=True) if weight]
        config = tcp_connection.to_clusters(f"{service.name}.{service.namespace}", some, passing.loggers)
    _, _, subset, fqdn = clusters[0].split("|")
    if fqdn in client.hosts and (policy := client.destination_rule(fqdn)) is not None:
        _apply(policy, config, subset if len(routes) == 1 else "")
    return config


def _apply(rule: DestinationRule, config: Any, subset: str) -> None:
    """What the DestinationRule of the first destination says of connections as clients see them."""
    tcp = (rule.policy.get("connectionPool") or {}).get("tcp") or {}
    if idle := tcp.get("idleTimeout"):
        config.idle_timeout.CopyFrom(duration(idle))
    if age := tcp.get("maxConnectionDuration"):
        config.max_downstream_connection_duration.CopyFrom(duration(age))
    if _hashes_by_client(rule, subset):
        config.hash_policy.append(hash_policy_pb2.HashPolicy(source_ip={}))


def _hashes_by_client(rule: DestinationRule, subset: str) -> bool:
    """Whether clients keep to their endpoint; what a subset says of balancing counts alone (maybeSetHashPolicy)."""
    own = (rule.subsets.get(subset) or {}).get("trafficPolicy") or {}
    balancer = (own if own.get("loadBalancer") is not None else rule.policy).get("loadBalancer") or {}
    return bool((balancer.get("consistentHash") or {}).get("useSourceIp"))
