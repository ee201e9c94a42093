"""Gateways: the listeners of a `router` from the Gateway objects that select it (networking/core/gateway.go).

A server's port is a port of the gateway's Service; what is bound is the Service's targetPort (80 -> 8080), on the
gateway pod's own address. Plain servers of a port share one filter chain; each server that terminates TLS has its
own, chosen by the name that the client calls (SNI). Their routes are in `gateway_routes`.

Left out: TLS passthrough and TCP, which route bytes and not requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2

from meshtutor.embedded.istio import http_connection, server_tls, telemetry
from meshtutor.embedded.istio.endpoints import socket_address
from meshtutor.embedded.istio.gateway_objects import Gateway, Server
from meshtutor.embedded.istio.hosts import Host
from meshtutor.embedded.istio.inbound import tls_inspector
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.reading import matches_labels
from meshtutor.embedded.istio.reporting.reports import Reports
from meshtutor.embedded.xds.resource import Resource, pack

HTTP_PROTOCOLS: Final = frozenset({"HTTP", "HTTP2", "GRPC"})


@dataclass(frozen=True)
class BoundServer:
    """A server of a Gateway as it is bound on a gateway pod."""

    gateway: Gateway
    server: Server
    port: int

    @property
    def tls(self) -> bool:
        """Whether it terminates TLS."""
        return self.server.protocol == "HTTPS" and server_tls.terminates(self.server.tls)

    @property
    def route_name(self) -> str:
        """The name of its routes: plain servers of a port share them (pilot/pkg/model/gateway.go)."""
        if not self.tls:
            return f"http.{self.port}"
        gateway, server = self.gateway, self.server
        return f"https.{server.port}.{server.port_name}.{gateway.name}.{gateway.namespace}"

    @property
    def server_names(self) -> list[str]:
        """The names by which a client reaches it over TLS; none if any name will do."""
        names = sorted({pattern.lower() for _, pattern in self.server.hosts})
        return [] if "*" in names else names


def bound_servers(proxy: Proxy, gateways: Iterable[Gateway], hosts: Iterable[Host]) -> list[BoundServer]:
    """The HTTP servers of a gateway pod, oldest Gateway first, without those that conflict with an older one.

    A port that no Service has is bound as it is for a Gateway with a selector; a Gateway that names its Services, as
    the Gateway API's does, has no such port.
    """
    found = _all_servers(proxy, gateways, list(_leading_to(proxy, hosts)))
    return list(_without_conflicts(one for one in found if one.tls or one.server.protocol in HTTP_PROTOCOLS))


def _all_servers(proxy: Proxy, gateways: Iterable[Gateway], leading: list[Host]) -> Iterator[BoundServer]:
    for gateway in gateways:
        ports = _ports(gateway, proxy, leading)
        for server in gateway.servers if ports is not None else ():
            if target := (ports or {}).get(server.port, 0 if gateway.services else server.port):
                yield BoundServer(gateway, server, target)


def _without_conflicts(servers: Iterable[BoundServer]) -> Iterator[BoundServer]:
    """A port is plain or TLS, a name leads to one server: Envoy refuses chains that match the same (mergeGateways)."""
    plain: dict[int, bool] = {}
    taken: set[tuple[int, str]] = set()
    for bound in servers:
        names = {(bound.port, name) for name in bound.server_names or ["*"]}
        if plain.setdefault(bound.port, not bound.tls) is bound.tls or (bound.tls and names & taken):
            continue
        taken |= names
        yield bound


def _ports(gateway: Gateway, proxy: Proxy, leading: list[Host]) -> dict[int, int] | None:
    """Service port -> target port, or None where the pod does not serve the Gateway."""
    if gateway.services:
        named = [h for h in leading if h.fqdn in gateway.services and h.namespace == gateway.namespace]
        return _target_ports(proxy, named) if named else None
    return _target_ports(proxy, leading) if matches_labels(gateway.selector, proxy.workload.labels) else None


def _leading_to(proxy: Proxy, hosts: Iterable[Host]) -> Iterator[Host]:
    """The services that lead to a gateway pod."""
    for host in hosts:
        beside = host.selector and host.namespace == proxy.namespace
        if beside and matches_labels(dict(host.selector), proxy.workload.labels):
            yield host


def _target_ports(proxy: Proxy, hosts: Iterable[Host]) -> dict[int, int]:
    """Service port -> target port, of some Services."""
    named = {name: number for number, name in proxy.workload.container_ports if name}
    found: dict[int, int] = {}
    for host in hosts:
        for port in host.ports:
            target = named.get(str(port.target), port.target)
            if isinstance(target, int):
                found.setdefault(port.number, target)
    return found


def by_port(servers: Iterable[BoundServer]) -> Mapping[int, list[BoundServer]]:
    """Servers by the port that is bound."""
    found: dict[int, list[BoundServer]] = {}
    for bound in servers:
        found.setdefault(bound.port, []).append(bound)
    return found


def secret_names(servers: Iterable[BoundServer]) -> Iterator[str]:
    """Every secret that the listeners of these servers ask for."""
    for bound in servers:
        if bound.tls:
            yield from server_tls.secret_names(bound.server.tls)


def listener(proxy: Proxy, port: int, servers: list[BoundServer], reports: Reports) -> Resource:
    """The listener of a bound port; its servers are all plain or all TLS."""
    name, tls = f"{proxy.ip}_{port}", servers[0].tls
    chains = [_chain(proxy, bound, reports) for bound in (servers if tls else servers[:1])]
    return pack(
        listener_pb2.Listener(
            name=name,
            address=socket_address(proxy.ip, port),
            traffic_direction="OUTBOUND",
            metadata=telemetry.listener_metadata(),
            listener_filters=[tls_inspector()] if tls else [],
            filter_chains=chains,
        ),
        refs=dict.fromkeys(bound.route_name for bound in servers),
    )


def _chain(proxy: Proxy, bound: BoundServer, reports: Reports) -> Any:
    prefix = f"outbound_0.0.0.0_{bound.port};"
    manager = http_connection.gateway_manager(
        prefix, bound.route_name, proxy.workload, reports.client(gateway=True)
    )
    chain = listener_components_pb2.FilterChain(filters=[manager])
    if bound.tls:
        chain.name = bound.route_name
        chain.transport_socket.CopyFrom(server_tls.socket(bound.server.tls))
        if names := bound.server_names:
            chain.filter_chain_match.server_names.extend(names)
    return chain
