"""Inbound: the listeners on a pod's own address, and the routes to the app behind them.

Istio catches everything on 15006 with iptables and has a filter chain per port; here each port of the pod is a
listener `PODIP_PORT` of its own (as with `Sidecar.ingress`), for the target ports of its Services and the ports that
its containers name. Both chains of PERMISSIVE are there: mutual TLS, told by ALPN, and plaintext.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2

from meshtutor.embedded.istio import http_connection, tcp_connection, telemetry, transport
from meshtutor.embedded.istio.clusters import inbound_name
from meshtutor.embedded.istio.endpoints import socket_address
from meshtutor.embedded.istio.hosts import HTTP_PROTOCOLS, Host
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.reading import duration, matches_labels, uint32
from meshtutor.embedded.istio.reporting.reports import Reports
from meshtutor.embedded.istio.workloads import Workload
from meshtutor.embedded.xds.resource import Resource, pack

_RETRY_ON: Final = "reset-before-request"
_RETRIES: Final = 2


@dataclass(frozen=True)
class InboundPort:
    """A port on which a pod is reached; `host` is the Service that leads there, None for a port without one."""

    number: int
    protocol: str
    host: Host | None
    service_port: int

    @property
    def is_http(self) -> bool:
        """Whether requests or bytes are proxied."""
        return self.protocol in HTTP_PROTOCOLS


def ports_of(workload: Workload, hosts: Iterable[Host]) -> tuple[InboundPort, ...]:
    """The ports of a pod, by number; the first Service by name decides about a port that several lead to.

    ServiceEntries that select the pod come after Services.
    """
    named = {name: number for number, name in workload.container_ports if name}
    found: dict[int, InboundPort] = {}
    for host in sorted(hosts, key=lambda host: (host.name == host.fqdn, host.fqdn)):
        if host.namespace != workload.namespace or not host.selector:
            continue
        if matches_labels(dict(host.selector), workload.labels):
            for port in host.ports:
                number = named.get(str(port.target), port.target)
                if isinstance(number, int):
                    found.setdefault(number, InboundPort(number, port.protocol, host, port.number))
    for number, _ in workload.container_ports:
        found.setdefault(number, InboundPort(number, "UNSUPPORTED", None, number))
    return tuple(found[number] for number in sorted(found))


def listener(proxy: Proxy, port: InboundPort, mesh: MeshConfig, reports: Reports) -> Resource:
    """The listener of one port."""
    name = f"{proxy.ip}_{port.number}"
    match = listener_components_pb2.FilterChainMatch(
        transport_protocol="tls", application_protocols=transport.MUTUAL_TLS_ALPN
    )
    secure = listener_components_pb2.FilterChain(
        name=name,
        filter_chain_match=match,
        filters=[_network_filter(port, reports, mutual_tls=True)],
        transport_socket=transport.mutual_tls_server(mesh.trust_domain),
    )
    plain = listener_components_pb2.FilterChain(
        name=f"{name}_plaintext", filters=[_network_filter(port, reports, mutual_tls=False)]
    )
    return pack(
        listener_pb2.Listener(
            name=name,
            address=socket_address(proxy.ip, port.number),
            traffic_direction="INBOUND",
            metadata=telemetry.listener_metadata(),
            listener_filters=[tls_inspector()],
            filter_chains=[secure, plain],
        )
    )


def tls_inspector() -> Any:
    """The listener filter that reads a ClientHello, if there is one, to choose the chain."""
    return listener_components_pb2.ListenerFilter(
        name="envoy.filters.listener.tls_inspector",
        typed_config=transport.any_of(tls_inspector_pb2.TlsInspector()),
    )


def _network_filter(port: InboundPort, reports: Reports, *, mutual_tls: bool) -> Any:
    stat_prefix = f"inbound_0.0.0.0_{port.number};"
    if not port.is_http:
        loggers = reports.connections(port.host, mutual_tls=mutual_tls)
        config = tcp_connection.to_cluster(inbound_name(port.number), loggers)
        return tcp_connection.network_filter(tcp_connection.after_handshake(config) if mutual_tls else config)
    return http_connection.inbound_manager(
        stat_prefix, _routes(port), reports.server(port.host, mutual_tls=mutual_tls)
    )


def _routes(port: InboundPort) -> Any:
    """Everything goes to the app; a connection that was closed before the request was written is tried again."""
    operation = f"{port.host.fqdn if port.host else ''}:{port.service_port}/*"
    retry = route_components_pb2.RetryPolicy(retry_on=_RETRY_ON, num_retries=uint32(_RETRIES))
    action = route_components_pb2.RouteAction(
        cluster=inbound_name(port.number),
        timeout=duration(0.0),
        retry_policy=None if port.protocol == "GRPC" else retry,
    )
    action.max_stream_duration.grpc_timeout_header_max.CopyFrom(duration(0.0))
    route = route_components_pb2.Route(
        name="default",
        match=route_components_pb2.RouteMatch(prefix="/"),
        route=action,
        decorator=route_components_pb2.Decorator(operation=operation),
    )
    host = route_components_pb2.VirtualHost(
        name=f"inbound|http|{port.service_port}", domains=["*"], routes=[route]
    )
    return route_pb2.RouteConfiguration(name=inbound_name(port.number), virtual_hosts=[host])
