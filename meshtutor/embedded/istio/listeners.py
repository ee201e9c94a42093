"""Outbound: the one listener that a pod's app uses as its `http_proxy`.

Istio has a listener per port behind virtualOutbound on 15001, which iptables feed. Here the app itself hands its
requests to `PODIP_15001`, with the name it wants in an absolute URL; the routes are those of `http_proxy`.
"""

from __future__ import annotations

from typing import Final

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2

from meshtutor.embedded.istio import http_connection, telemetry
from meshtutor.embedded.istio.endpoints import socket_address
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.reporting.reports import Reports
from meshtutor.embedded.network import SIDECAR_OUTBOUND_PORT
from meshtutor.embedded.xds.resource import Resource, pack

ROUTE_NAME: Final = "http_proxy"
"""Istio's name for the routes of an HTTP proxy port (listener.go, buildHTTPProxy)."""


def outbound(proxy: Proxy, reports: Reports) -> Resource:
    """The outbound listener of a sidecar."""
    name = f"{proxy.ip}_{SIDECAR_OUTBOUND_PORT}"
    manager = http_connection.outbound_manager(
        f"outbound_{name};", ROUTE_NAME, proxy.workload, reports.client()
    )
    return pack(
        listener_pb2.Listener(
            name=name,
            address=socket_address(proxy.ip, SIDECAR_OUTBOUND_PORT),
            traffic_direction="OUTBOUND",
            metadata=telemetry.listener_metadata(),
            filter_chains=[listener_components_pb2.FilterChain(filters=[manager])],
        ),
        refs=(ROUTE_NAME,),
    )
