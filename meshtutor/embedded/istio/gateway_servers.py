"""The servers of a gateway pod: which Gateways select it, which ports they bind, and which of them share one.

Source: pilot/pkg/model/gateway.go (mergeGateways). A server's port is a port of the gateway's Service; what is bound
is the Service's targetPort (80 -> 8080), on the gateway pod's own address.

A server carries requests (HTTP; HTTPS that it terminates), or bytes: TCP, TLS that it terminates, and TLS that it
passes on unopened. Those with TLS are told apart by the name that the client calls (SNI) and share a port; plain HTTP
shares a port with plain HTTP, plain TCP with nobody.

Left out: AUTO_PASSTHROUGH (networks of several clusters) and ISTIO_MUTUAL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from meshtutor.embedded.istio import server_tls
from meshtutor.embedded.istio.gateway_objects import Gateway, Server
from meshtutor.embedded.istio.hosts import TLS_PROTOCOLS, Host
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.reading import matches_labels

HTTP_PROTOCOLS: Final = frozenset({"HTTP", "HTTP2", "GRPC"})
ANY_NAME: Final = "*"


@dataclass(frozen=True)
class BoundServer:
    """A server of a Gateway as it is bound on a gateway pod."""

    gateway: Gateway
    server: Server
    port: int

    @property
    def tls(self) -> bool:
        """Whether clients speak TLS to it, so that their first words name whom they call."""
        return self.server.protocol in TLS_PROTOCOLS

    @property
    def terminates(self) -> bool:
        """Whether it decrypts."""
        return self.tls and server_tls.terminates(self.server.tls)

    @property
    def carries_requests(self) -> bool:
        """Whether it sees requests, and not bytes only."""
        return self.server.protocol in HTTP_PROTOCOLS or (self.server.protocol == "HTTPS" and self.terminates)

    @property
    def route_name(self) -> str:
        """The name of its HTTP routes: plain servers of a port share them (pilot/pkg/model/gateway.go)."""
        if not self.tls:
            return f"http.{self.port}"
        gateway, server = self.gateway, self.server
        return f"https.{server.port}.{server.port_name}.{gateway.name}.{gateway.namespace}"

    @property
    def server_names(self) -> list[str]:
        """The names by which a client reaches it over TLS; none if any name will do."""
        names = sorted({pattern.lower() for _, pattern in self.server.hosts})
        return [] if ANY_NAME in names else names

    @property
    def is_known(self) -> bool:
        """Whether the lab does what it asks for."""
        if self.tls:
            return self.terminates or server_tls.passes(self.server.tls)
        return self.server.protocol in {*HTTP_PROTOCOLS, "TCP"}

    def shares_its_port_with(self, other: BoundServer) -> bool:
        """Whether both fit into one listener (canMergeProtocols)."""
        if self.tls or other.tls:
            return self.tls and other.tls
        return self.carries_requests and other.carries_requests


def bound_servers(proxy: Proxy, gateways: Iterable[Gateway], hosts: Iterable[Host]) -> list[BoundServer]:
    """The servers of a gateway pod, oldest Gateway first, without those that conflict with an older one.

    A port that no Service has is bound as it is for a Gateway with a selector; a Gateway that names its Services, as
    the Gateway API's does, has no such port.
    """
    found = _all_servers(proxy, gateways, list(_leading_to(proxy, hosts)))
    return list(_without_conflicts(one for one in found if one.is_known))


def _all_servers(proxy: Proxy, gateways: Iterable[Gateway], leading: list[Host]) -> Iterator[BoundServer]:
    for gateway in gateways:
        ports = _ports(gateway, proxy, leading)
        for server in gateway.servers if ports is not None else ():
            if target := (ports or {}).get(server.port, 0 if gateway.services else server.port):
                yield BoundServer(gateway, server, target)


def _without_conflicts(servers: Iterable[BoundServer]) -> Iterator[BoundServer]:
    """What a port is, its first server says; a name leads to one server: Envoy refuses chains that match the same."""
    first: dict[int, BoundServer] = {}
    taken: set[tuple[int, str]] = set()
    for bound in servers:
        names = {(bound.port, name) for name in bound.server_names or [ANY_NAME]}
        owner = first.setdefault(bound.port, bound)
        if owner is not bound and not owner.shares_its_port_with(bound):
            continue
        if not (bound.tls and names & taken):
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
