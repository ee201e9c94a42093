"""The bootstrap of a pod's Envoy: who it is, where its control plane is, and nothing about traffic. Pure.

As pilot-agent writes it (istio tools/packaging/common/envoy_bootstrap.json, pkg/bootstrap/config.go; node
metadata in pkg/model/proxy.go), for a stock Envoy without iptables:
- every address is the pod's own, so that many Envoys share one machine: admin 15000, metrics 15090, readiness 15021;
- there is no pilot-agent: the readiness listener asks Envoy's own admin `/ready`, which answers 200 once listeners and
  clusters have come from the control plane and workers run; SDS comes from the control plane's own port;
- the bearer token in `initial_metadata` tells the control plane which pod this is (the file is 0600).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshtutor.embedded.istio import tracing
from meshtutor.embedded.kubelet.injection import ISTIO_VERSION, workload_name, workload_owner
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.kubelet.statistics import stats_config
from meshtutor.embedded.network import SIDECAR_ADMIN_PORT, SIDECAR_HEALTH_PORT, SIDECAR_STATS_PORT, XDS_PORT

Json = dict[str, Any]
_REGION: Final = "topology.kubernetes.io/region"
_ZONE: Final = "topology.kubernetes.io/zone"
_SUBZONE: Final = "topology.istio.io/subzone"
_MANY: Final = 100_000
KEEPALIVE: Final = "30s"
"""Between two pings to the control plane; it must allow as many (see xds/server.py)."""


def bootstrap(place: Place, role: str, token: str) -> Json:
    """Envoy's configuration file for a pod; `role` is `sidecar` or `router`."""
    return {
        "node": node(place, role),
        "admin": {"address": _address(place.ip, SIDECAR_ADMIN_PORT)},
        "dynamic_resources": _dynamic(token),
        "static_resources": {
            "clusters": [
                _grpc_cluster("xds-grpc", place.block.host),
                _grpc_cluster("sds-grpc", place.block.host, token),
                _cluster("prometheus_stats", place.ip, SIDECAR_ADMIN_PORT),
            ],
            "listeners": [
                _listener("stats", place.ip, SIDECAR_STATS_PORT, {"prefix": "/stats/prometheus"}, {}),
                _listener(
                    "agent",
                    place.ip,
                    SIDECAR_HEALTH_PORT,
                    {"path": "/healthz/ready"},
                    {"prefix_rewrite": "/ready"},
                ),
            ],
        },
        "stats_config": stats_config(),
        "stats_flush_interval": "1s",  # until then a histogram does not show what it counted; Envoy's default is 5 s
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "layered_runtime": {
            "layers": [
                {
                    "name": "global config",
                    "static_layer": {"re2": {"max_program_size": {"error_level": 32768}}},
                },
                {"name": "tracing", "static_layer": tracing.RUNTIME},
                {"name": "admin", "admin_layer": {}},
            ]
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": _type(
                            "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
                        ),
                        "max_active_downstream_connections": _MANY,
                    },
                }
            ]
        },
    }


def node(place: Place, role: str) -> Json:
    """Who this proxy is, in the words in which istiod reads it."""
    labels = place.node["metadata"].get("labels") or {}
    locality = {"region": labels.get(_REGION), "zone": labels.get(_ZONE), "sub_zone": labels.get(_SUBZONE)}
    pod_labels = place.pod["metadata"].get("labels") or {}
    name = (
        pod_labels.get("service.istio.io/canonical-name") or pod_labels.get("app") or workload_name(place.pod)
    )
    return {
        "id": f"{role}~{place.ip}~{place.name}.{place.namespace}~{place.namespace}.svc.cluster.local",
        "cluster": f"{name}.{place.namespace}",
        "locality": {key: value for key, value in locality.items() if value},
        "metadata": _metadata(place, pod_labels),
    }


def _metadata(place: Place, labels: Mapping[str, str]) -> Json:
    spec = place.pod["spec"]
    apps = [c["name"] for c in spec.get("containers") or () if c["name"] != "istio-proxy"]
    return {
        "NAME": place.name,
        "NAMESPACE": place.namespace,
        "CLUSTER_ID": "Kubernetes",
        "MESH_ID": "cluster.local",
        "INSTANCE_IPS": place.ip,
        "ISTIO_VERSION": ISTIO_VERSION,
        "SERVICE_ACCOUNT": spec.get("serviceAccountName") or "default",
        "WORKLOAD_NAME": workload_name(place.pod),
        "OWNER": workload_owner(place.pod),
        "NODE_NAME": spec.get("nodeName", ""),
        "INTERCEPTION_MODE": "NONE",
        "APP_ADDRESS": place.app_ip,
        "APP_CONTAINERS": ",".join(apps),
        "LABELS": dict(labels),
        "PROXY_CONFIG": {},
    }


def _dynamic(token: str) -> Json:
    source = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    metadata = [
        {"key": "authorization", "value": f"Bearer {token}"},
        {"key": "clusterid", "value": "Kubernetes"},
    ]
    return {
        "lds_config": source,
        "cds_config": source,
        "ads_config": {
            "api_type": "DELTA_GRPC",
            "set_node_on_first_message_only": True,
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}, "initial_metadata": metadata}],
        },
    }


def _address(address: str, port: int) -> Json:
    return {"socket_address": {"address": address, "port_value": port}}


def _cluster(name: str, address: str, port: int) -> Json:
    endpoint = {"endpoint": {"address": _address(address, port)}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _grpc_cluster(name: str, host: str, token: str = "") -> Json:
    """A cluster of the control plane. Keepalives notice a control plane that is gone without a word.

    A `token` is added to every request on the way out: SDS is asked for by resources that many proxies share, so that
    these cannot carry it, and it hands out private keys.
    """
    http2 = {"connection_keepalive": {"interval": KEEPALIVE, "timeout": "5s"}}
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    limits = {"max_connections": _MANY, "max_pending_requests": _MANY, "max_requests": _MANY}
    protocol = {
        "@type": f"type.googleapis.com/{options}",
        "explicit_http_config": {"http2_protocol_options": http2},
        **({"http_filters": _authorization(token)} if token else {}),
    }
    return {
        **_cluster(name, host, XDS_PORT),
        "circuit_breakers": {"thresholds": [{"priority": p, **limits} for p in ("DEFAULT", "HIGH")]},
        "typed_extension_protocol_options": {options: protocol},
    }


def _authorization(token: str) -> list[Json]:
    """Upstream filters that set the token's header."""
    header = {"key": "authorization", "value": f"Bearer {token}"}
    mutation = {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
    return [
        {
            "name": "envoy.filters.http.header_mutation",
            "typed_config": {
                "@type": _type("filters.http.header_mutation.v3.HeaderMutation"),
                "mutations": {"request_mutations": [mutation]},
            },
        },
        {
            "name": "envoy.filters.http.upstream_codec",
            "typed_config": {"@type": _type("filters.http.upstream_codec.v3.UpstreamCodec")},
        },
    ]


def _listener(name: str, address: str, port: int, match: Json, action: Json) -> Json:
    """An HTTP listener that passes one path on to Envoy's admin."""
    route = {"match": match, "route": {"cluster": "prometheus_stats", **action}}
    manager = {
        "@type": _type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": "backend", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _type("filters.http.router.v3.Router")},
            }
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "name": name,
        "address": _address(address, port),
        "filter_chains": [chain],
        "ignore_global_conn_limit": True,
    }


def _type(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.{name}"
