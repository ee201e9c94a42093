"""RDS of gateways: the rules bound to a server, by the hosts that both name (networking/core/gateway.go).

All VirtualServices that are bound to a gateway and share a host are merged: oldest first, and routes that take every
request go to the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from envoy.config.route.v3 import route_components_pb2, route_pb2

from meshtutor.embedded.istio.gateway_servers import BoundServer
from meshtutor.embedded.istio.reading import uint32
from meshtutor.embedded.istio.routes import http_rule, matches, redirects
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.rules import VirtualServices
from meshtutor.embedded.xds.resource import Resource, pack


@dataclass
class _Host:
    """A virtual host that is being put together."""

    routes: list[Any] = field(default_factory=list)
    redirect_to_https: bool = False


def by_name(servers: Iterable[BoundServer]) -> Mapping[str, list[BoundServer]]:
    """Servers by the name of their routes; those that see no requests have none."""
    found: dict[str, list[BoundServer]] = {}
    for bound in servers:
        if bound.carries_requests:
            found.setdefault(bound.route_name, []).append(bound)
    return found


def routes(name: str, servers: list[BoundServer], services: VirtualServices, client: Client) -> Resource:
    """The routes that some servers share; `client` stands for the gateway pod, whichever Gateway is asked for."""
    found: dict[tuple[str, int], _Host] = {}
    for bound in servers:
        _add_server(found, bound, services, client)
    hosts = [_virtual_host(domain, number, host) for (domain, number), host in found.items()]
    configuration = route_pb2.RouteConfiguration(
        name=name,
        virtual_hosts=_without_repeated_domains(hosts) or [_nothing(servers[0].server.port)],
        ignore_port_in_host_matching=True,
        max_direct_response_body_size_bytes=uint32(redirects.LARGEST_BODY),
    )
    configuration.validate_clusters.value = False
    return pack(configuration)


def _add_server(
    found: dict[tuple[str, int], _Host], bound: BoundServer, services: VirtualServices, client: Client
) -> None:
    gateway, server = bound.gateway, bound.server
    viewer = replace(client, gateways=frozenset({gateway.full_name}), tls=bound.tls)
    redirect = bool(server.tls.get("httpsRedirect"))
    for service in services.for_gateway(gateway.full_name, client.namespace):
        accepted = [name for host in service.hosts for name in server.accepts(host, service.namespace)]
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
