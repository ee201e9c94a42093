"""HTTP connection managers and their filters, as listeners and gateways share them.

Settings: pilot/pkg/networking/core/listener_builder.go; order of filters: ISTIO's listener_builder and
security/authz/builder. Filters that a stock Envoy lacks (istio.metadata_exchange, istio.alpn, istio.stats) have their
part played by `telemetry`.
"""

from __future__ import annotations

from typing import Any, Final

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2 as forward_cluster_pb2
from envoy.extensions.common.dynamic_forward_proxy.v3 import dns_cache_pb2
from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import dynamic_forward_proxy_pb2
from envoy.extensions.filters.http.fault.v3 import fault_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_pb2

from meshtutor.embedded.istio import telemetry
from meshtutor.embedded.istio.reading import boolean, duration
from meshtutor.embedded.istio.reporting.report import Report
from meshtutor.embedded.istio.transport import ads, any_of
from meshtutor.embedded.istio.workloads import Workload

MANAGER: Final = "envoy.filters.network.http_connection_manager"
FAULT: Final = "envoy.filters.http.fault"
CORS: Final = "envoy.filters.http.cors"
_HEADER_TO_METADATA: Final = "envoy.filters.http.header_to_metadata"
_SERVER_NAME: Final = "istio-envoy"


def http_filter(name: str, config: Any) -> Any:
    """A filter of an HTTP connection manager; `config` is packed already."""
    return hcm_pb2.HttpFilter(name=name, typed_config=config)


def inbound_filters() -> list[Any]:
    """The filters in front of a pod's app."""
    return [
        http_filter(_HEADER_TO_METADATA, telemetry.receive_peer()),
        *_common_filters(),
        _router(),
    ]


def outbound_filters(own: Workload, *, forward_proxy: bool) -> list[Any]:
    """The filters on the way out of a sidecar (with the forward proxy for unknown hosts) or through a gateway."""
    unknown_hosts = (
        [http_filter("envoy.filters.http.dynamic_forward_proxy", _forward_proxy())] if forward_proxy else []
    )
    return [
        http_filter("envoy.filters.http.header_mutation", telemetry.send_peer(own)),
        http_filter(_HEADER_TO_METADATA, telemetry.read_request()),
        *_common_filters(),
        *unknown_hosts,
        _router(),
    ]


def _common_filters() -> list[Any]:
    return [http_filter(FAULT, any_of(fault_pb2.HTTPFault())), http_filter(CORS, any_of(cors_pb2.Cors()))]


def _router() -> Any:
    return http_filter("envoy.filters.http.router", any_of(router_pb2.Router()))


def dns_cache() -> Any:
    """The names that have been looked up for requests; filter and cluster must name the same cache.

    IPv4 alone, as the proxies have no other address (SelectDNSLookupFamily).
    """
    return dns_cache_pb2.DnsCacheConfig(name="passthrough", dns_lookup_family=cluster_pb2.Cluster.V4_ONLY)


def _forward_proxy() -> Any:
    return any_of(dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=dns_cache()))


def forward_proxy_cluster() -> Any:
    """The cluster type that goes wherever the request's host says; TLS there is as a rule says, or none."""
    config = forward_cluster_pb2.ClusterConfig(
        dns_cache_config=dns_cache(), allow_insecure_cluster_options=True
    )
    return any_of(config)


def inbound_manager(stat_prefix: str, routes: route_pb2.RouteConfiguration, report: Report) -> Any:
    """The connection manager in front of a pod's app."""
    details = hcm_pb2.HttpConnectionManager
    manager = details(
        stat_prefix=stat_prefix,
        route_config=routes,
        http_filters=inbound_filters(),
        server_name=_SERVER_NAME,
        forward_client_cert_details=details.APPEND_FORWARD,
        set_current_client_cert_details=details.SetCurrentClientCertDetails(
            subject=boolean(True), dns=True, uri=True
        ),
    )
    return _filter(_with_common(manager, report))


def outbound_manager(stat_prefix: str, route_name: str, own: Workload, report: Report) -> Any:
    """The connection manager that a pod's app uses as its `http_proxy`."""
    manager = hcm_pb2.HttpConnectionManager(
        stat_prefix=stat_prefix,
        rds=hcm_pb2.Rds(config_source=ads(), route_config_name=route_name),
        http_filters=outbound_filters(own, forward_proxy=True),
    )
    manager.http_protocol_options.allow_absolute_url.value = True
    manager.upgrade_configs.add(upgrade_type="CONNECT")
    manager.access_log_options.flush_log_on_tunnel_successfully_established = True
    return _filter(_with_common(manager, report))


def gateway_manager(stat_prefix: str, route_name: str, own: Workload, report: Report) -> Any:
    """The connection manager of a gateway's server: an edge, which trusts no forwarding headers."""
    details = hcm_pb2.HttpConnectionManager
    manager = details(
        stat_prefix=stat_prefix,
        rds=hcm_pb2.Rds(config_source=ads(), route_config_name=route_name),
        http_filters=outbound_filters(own, forward_proxy=False),
        server_name=_SERVER_NAME,
        forward_client_cert_details=details.SANITIZE_SET,
        set_current_client_cert_details=details.SetCurrentClientCertDetails(
            subject=boolean(True), cert=True, dns=True, uri=True
        ),
    )
    manager = _with_common(manager, report)
    manager.use_remote_address.value = True
    return _filter(manager)


def _with_common(manager: Any, report: Report) -> Any:
    report.add_to(manager)
    manager.use_remote_address.value = False
    manager.normalize_path.value = True
    manager.stream_idle_timeout.CopyFrom(duration(0.0))
    manager.proxy_100_continue = True
    manager.generate_request_id.value = True
    manager.upgrade_configs.add(upgrade_type="websocket")
    return manager


def _filter(manager: Any) -> Any:
    return listener_components_pb2.Filter(name=MANAGER, typed_config=any_of(manager))
