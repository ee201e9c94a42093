"""Connections whose bytes are passed on as they are: the network filter `tcp_proxy`, as sidecars and gateways have it.

Settings: pilot/pkg/networking/core/networkfilter.go. What is reported of a connection is told when it opens and when
it ends (`log_moments`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from meshtutor.embedded.istio.transport import any_of


def to_cluster(cluster: str, loggers: Iterable[Any]) -> Any:
    """The settings that lead all connections to one cluster."""
    return _reported(tcp_proxy_pb2.TcpProxy(stat_prefix=cluster, cluster=cluster), loggers)


def to_clusters(stat_prefix: str, weights: Iterable[tuple[str, int]], loggers: Iterable[Any]) -> Any:
    """The settings that choose a cluster for each connection, by weight."""
    config = tcp_proxy_pb2.TcpProxy(stat_prefix=stat_prefix)
    for cluster, weight in weights:
        config.weighted_clusters.clusters.add(name=cluster, weight=weight)
    return _reported(config, loggers)


def after_handshake(config: Any) -> Any:
    """The settings, with the app being called when it is known who calls.

    Else an opened connection is now and then counted with nobody at its other end: what Istio counts a moment later, a
    stock Envoy does when the app has taken the connection, and that may be sooner than the client's certificate.
    """
    config.upstream_connect_mode = tcp_proxy_pb2.ON_DOWNSTREAM_TLS_HANDSHAKE
    config.max_early_data_bytes.value = 0
    return config


def network_filter(config: Any) -> Any:
    """The filter with these settings."""
    return listener_components_pb2.Filter(name="envoy.filters.network.tcp_proxy", typed_config=any_of(config))


def _reported(config: Any, loggers: Iterable[Any]) -> Any:
    config.access_log.extend(loggers)
    config.access_log_options.flush_access_log_on_connected = True
    return config
