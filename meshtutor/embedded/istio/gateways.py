"""Gateways: listeners and routes of a `router` from the Gateway objects that select it (networking/core/gateway.go).

A server's port is a port of the gateway's Service; what is bound is the Service's targetPort (80 -> 8080), on the
gateway pod's own address. Routes are named `http.BOUNDPORT`. All VirtualServices that are bound to the gateway and
share a host are merged: oldest first, and routes that take every request go to the end.

Left out: TLS servers (HTTPS with credentialName, TLS passthrough).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2

from meshtutor.embedded.istio import access_log, http_connection, telemetry
from meshtutor.embedded.istio.endpoints import socket_address
from meshtutor.embedded.istio.gateway_objects import Gateway, Server
from meshtutor.embedded.istio.hosts import Host
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.reading import matches_labels, uint32
from meshtutor.embedded.istio.routes import http_rule, matches, redirects
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.rules import VirtualServices
from meshtutor.embedded.xds.resource import Resource, pack

HTTP_PROTOCOLS: Final = frozenset({"HTTP", "HTTP2", "GRPC"})


@dataclass(frozen=True)
class BoundServer:
    """A server of a Gateway as it is bound on a gateway pod."""

    gateway: Gateway
    server: Server
    port: int


@dataclass
class _Host:
    """A virtual host that is being put together."""

    routes: list[Any] = field(default_factory=list)
    redirect_to_https: bool = False


def bound_servers(proxy: Proxy, gateways: Iterable[Gateway], hosts: Iterable[Host]) -> list[BoundServer]:
    """The HTTP servers that a gateway pod serves, oldest Gateway first."""
    ports = _target_ports(proxy, hosts)
    return [
        BoundServer(gateway, server, ports.get(server.port, server.port))
        for gateway in gateways
        if matches_labels(gateway.selector, proxy.workload.labels)
        for server in gateway.servers
        if server.protocol in HTTP_PROTOCOLS
    ]


def _target_ports(proxy: Proxy, hosts: Iterable[Host]) -> dict[int, int]:
    """Service port -> target port, of the Services that lead to this gateway."""
    named = {name: number for number, name in proxy.workload.container_ports if name}
    found: dict[int, int] = {}
    selecting = (h for h in hosts if h.selector and h.namespace == proxy.namespace)
    for host in selecting:
        if matches_labels(dict(host.selector), proxy.workload.labels):
            for port in host.ports:
                target = named.get(str(port.target), port.target)
                if isinstance(target, int):
                    found.setdefault(port.number, target)
    return found


def route_name(port: int) -> str:
    """The name of the routes of a bound port."""
    return f"http.{port}"


def listener(proxy: Proxy, port: int, mesh: MeshConfig) -> Resource:
    """The listener of a bound port."""
    name = f"{proxy.ip}_{port}"
    logs = [*access_log.file_loggers(mesh), telemetry.outbound_logger(proxy.workload)]
    manager = http_connection.gateway_manager(
        f"outbound_0.0.0.0_{port};", route_name(port), proxy.workload, logs
    )
    return pack(
        listener_pb2.Listener(
            name=name,
            address=socket_address(proxy.ip, port),
            traffic_direction="OUTBOUND",
            metadata=telemetry.listener_metadata(),
            filter_chains=[listener_components_pb2.FilterChain(filters=[manager])],
        ),
        refs=(route_name(port),),
    )


def routes(port: int, servers: list[BoundServer], services: VirtualServices, client: Client) -> Resource:
    """The routes of a bound port; `client` stands for the gateway pod, whichever Gateway is asked for."""
    found: dict[tuple[str, int], _Host] = {}
    for bound in servers:
        _add_server(found, bound, services, client)
    hosts = [_virtual_host(name, number, host) for (name, number), host in found.items()]
    configuration = route_pb2.RouteConfiguration(
        name=route_name(port),
        virtual_hosts=_without_repeated_domains(hosts) or [_nothing(port)],
        ignore_port_in_host_matching=True,
        max_direct_response_body_size_bytes=uint32(redirects.LARGEST_BODY),
    )
    configuration.validate_clusters.value = False
    return pack(configuration)


def _add_server(
    found: dict[tuple[str, int], _Host], bound: BoundServer, services: VirtualServices, client: Client
) -> None:
    gateway, server = bound.gateway, bound.server
    viewer = Client(
        client.namespace,
        client.labels,
        frozenset({gateway.full_name}),
        client.hosts,
        client.rules,
        client.mesh,
    )
    redirect = bool(server.tls.get("httpsRedirect"))
    for service in services.for_gateway(gateway.full_name, client.namespace):
        accepted = [name for host in service.hosts if (name := server.accepts(host, service.namespace))]
        made = http_rule.routes_of(service, viewer, server.port) if accepted else []
        for name in dict.fromkeys(accepted):
            if made:
                host = found.setdefault((name, server.port), _Host())
                host.routes.extend(made)
                host.redirect_to_https |= redirect
    if redirect:
        for _, name in server.hosts:
            found.setdefault((name, server.port), _Host()).redirect_to_https = True


def _virtual_host(name: str, port: int, host: _Host) -> Any:
    out = route_components_pb2.VirtualHost(
        name=f"{name}:{port}",
        domains=[name],
        routes=sorted(host.routes, key=matches.is_catch_all),
        include_request_attempt_count=True,
    )
    if host.redirect_to_https:
        out.require_tls = route_components_pb2.VirtualHost.ALL
    return out


def _without_repeated_domains(hosts: list[Any]) -> list[Any]:
    """Two servers of one bound port may have the same host: the first stays; Envoy would refuse both."""
    seen: set[str] = set()
    kept = []
    for host in hosts:
        if host.domains[0] not in seen:
            seen.add(host.domains[0])
            kept.append(host)
    return kept


def _nothing(port: int) -> Any:
    """No VirtualService is bound: every request is answered with 404."""
    return route_components_pb2.VirtualHost(name=f"blackhole:{port}", domains=["*"])


def by_port(servers: Iterable[BoundServer]) -> Mapping[int, list[BoundServer]]:
    """Servers by the port that is bound."""
    found: dict[int, list[BoundServer]] = {}
    for bound in servers:
        found.setdefault(bound.port, []).append(bound)
    return found
