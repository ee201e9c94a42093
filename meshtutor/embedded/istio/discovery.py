"""How a cluster learns its endpoints: from the control plane, from DNS, or from each request.

Source: pilot/pkg/networking/core/cluster.go (convertResolution) and cluster_builder.go (buildCluster). By EDS are
Services and entries with resolution STATIC. Clusters whose endpoints have names are STRICT_DNS (an endpoint per
address) or LOGICAL_DNS (one connection to whatever the name means now), and carry the names themselves, as EDS takes
addresses only.

Resolution NONE is ORIGINAL_DST in Istio: the address that the client looked up itself, which iptables keeps. A client
of `http_proxy` looks nothing up but names the host; so the sidecar looks up that name, which comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.network.dns_resolver.cares.v3 import cares_dns_resolver_pb2

from meshtutor.embedded.istio import transport
from meshtutor.embedded.istio.endpoints import Group, load_assignment
from meshtutor.embedded.istio.http_connection import forward_proxy_cluster
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reading import duration, uint32

_Cluster = cluster_pb2.Cluster
_FORWARD_PROXY: Final = "envoy.clusters.dynamic_forward_proxy"
_JITTER: Final = 0.1
_QUERIES: Final = 100
"""PILOT_DNS_JITTER_DURATION and PILOT_DNS_CARES_UDP_MAX_QUERIES."""


def by_control_plane(cluster: Any) -> None:
    """EDS under the cluster's own name."""
    cluster.type = _Cluster.EDS
    cluster.eds_cluster_config.service_name = cluster.name
    cluster.eds_cluster_config.eds_config.CopyFrom(transport.ads())


def by_dns(cluster: Any, resolution: str, groups: Iterable[Group], mesh: MeshConfig) -> None:
    """The endpoints by their names; how long an answer holds says its TTL, and `dnsRefreshRate` where there is none."""
    cluster.type = _Cluster.STRICT_DNS if resolution == "DNS" else _Cluster.LOGICAL_DNS
    cluster.dns_lookup_family = _Cluster.V4_ONLY
    cluster.dns_refresh_rate.CopyFrom(duration(mesh.dns_refresh))
    cluster.dns_jitter.CopyFrom(duration(_JITTER))
    cluster.respect_dns_ttl = True
    resolver = cares_dns_resolver_pb2.CaresDnsResolverConfig(udp_max_queries=uint32(_QUERIES))
    cluster.typed_dns_resolver_config.name = "envoy.network.dns_resolver.cares"
    cluster.typed_dns_resolver_config.typed_config.CopyFrom(transport.any_of(resolver))
    cluster.load_assignment.CopyFrom(load_assignment(cluster.name, groups))


def by_request(cluster: Any) -> None:
    """The address that the request's own host has."""
    cluster.lb_policy = _Cluster.CLUSTER_PROVIDED
    cluster.cluster_type.name = _FORWARD_PROXY
    cluster.cluster_type.typed_config.CopyFrom(forward_proxy_cluster())
