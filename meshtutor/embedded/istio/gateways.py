"""LDS of gateways: a listener for each port that servers of Gateways bind (networking/core/gateway.go).

Plain servers of a port share one filter chain; each server that terminates TLS has its own, chosen by the name that
the client calls (SNI). Their routes are in `gateway_routes`; chains that pass on bytes are in `gateway_bytes`. A port
for which nothing has a route has no listener, as in Istio: with HTTP there is always one, which answers 404.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2

from meshtutor.embedded.istio import gateway_bytes, http_connection, server_tls, telemetry
from meshtutor.embedded.istio.endpoints import socket_address
from meshtutor.embedded.istio.gateway_bytes import Passing
from meshtutor.embedded.istio.gateway_servers import ANY_NAME, BoundServer, by_port
from meshtutor.embedded.istio.inbound import tls_inspector
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.reporting.reports import Reports
from meshtutor.embedded.xds.resource import Resource, pack


def listeners(
    proxy: Proxy, servers: Iterable[BoundServer], reports: Reports, passing: Passing
) -> Iterator[Resource]:
    """The listeners of a gateway pod."""
    for port, found in by_port(servers).items():
        if made := _listener(proxy, port, found, reports, passing):
            yield made


def _listener(
    proxy: Proxy, port: int, servers: list[BoundServer], reports: Reports, passing: Passing
) -> Resource | None:
    """The listener of a bound port, None where no chain is in it; its servers are all plain or all TLS."""
    name, tls = f"{proxy.ip}_{port}", servers[0].tls
    chains = list(_chains(proxy, servers if tls else servers[:1], reports, passing))
    if not chains:
        return None
    return pack(
        listener_pb2.Listener(
            name=name,
            address=socket_address(proxy.ip, port),
            traffic_direction="OUTBOUND",
            metadata=telemetry.listener_metadata(),
            listener_filters=[tls_inspector()] if tls else [],
            filter_chains=chains,
        ),
        refs=dict.fromkeys(bound.route_name for bound in servers if bound.carries_requests),
    )


def _chains(proxy: Proxy, servers: list[BoundServer], reports: Reports, passing: Passing) -> Iterator[Any]:
    """The chains of servers; the names of those that terminate TLS are theirs, whatever rules for others say."""
    taken = {name for bound in servers if bound.terminates for name in bound.server_names or [ANY_NAME]}
    for bound in servers:
        if bound.carries_requests:
            yield _for_one_server(bound, _manager(proxy, bound, reports), name=bound.route_name)
        elif bound.tls and not bound.terminates:
            yield from gateway_bytes.by_name(bound, passing, taken)
        elif (found := gateway_bytes.route(bound, passing)) is not None:
            yield _for_one_server(bound, found.filter, metadata=found.metadata)


def _manager(proxy: Proxy, bound: BoundServer, reports: Reports) -> Any:
    prefix = f"outbound_0.0.0.0_{bound.port};"
    return http_connection.gateway_manager(
        prefix, bound.route_name, proxy.workload, reports.client(gateway=True)
    )


def _for_one_server(bound: BoundServer, network_filter: Any, *, name: str = "", metadata: Any = None) -> Any:
    """The one chain of a server that is plain or terminates TLS."""
    chain = listener_components_pb2.FilterChain(filters=[network_filter], metadata=metadata)
    if bound.terminates:
        chain.name = name
        chain.transport_socket.CopyFrom(server_tls.socket(bound.server.tls))
        chain.filter_chain_match.server_names.extend(bound.server_names)
    return chain
