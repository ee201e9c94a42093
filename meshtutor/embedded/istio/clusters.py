"""CDS: a cluster for each port of each host, and for each subset of it (pilot/pkg/networking/core/cluster.go).

Names: `outbound|PORT|SUBSET|HOST`. Where its endpoints come from is told in `discovery`. Headless services are EDS
(Istio: ORIGINAL_DST, which needs the address that iptables saw; `http_proxy` has none).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from meshtutor.embedded.istio import client_tls, discovery, transport
from meshtutor.embedded.istio.destination_rules import DestinationRule
from meshtutor.embedded.istio.endpoints import Group, socket_address, struct
from meshtutor.embedded.istio.hosts import Host, Port
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.policy import (
    connection_pool,
    load_balancing,
    locality,
    merge,
    outlier_detection,
)
from meshtutor.embedded.istio.reading import duration
from meshtutor.embedded.xds.resource import Resource, pack

PASSTHROUGH: Final = "PassthroughCluster"
BLACK_HOLE: Final = "BlackHoleCluster"
_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def outbound_name(port: int, subset: str, fqdn: str) -> str:
    """`outbound|PORT|SUBSET|HOST` (pilot/pkg/model/service.go, BuildSubsetKey)."""
    return f"outbound|{port}|{subset}|{fqdn}"


def inbound_name(port: int) -> str:
    """`inbound|TARGETPORT||`."""
    return f"inbound|{port}||"


def sni_name(port: int, subset: str, fqdn: str) -> str:
    """The server name that a client's proxy sends (BuildDNSSrvSubsetKey)."""
    return f"outbound_.{port}_.{subset}_.{fqdn}"


@dataclass(frozen=True)
class Target:
    """What an outbound cluster stands for: a port of a host, and a subset ("" for all)."""

    host: Host
    port: Port
    subset: str = ""

    @property
    def name(self) -> str:
        """The cluster's name."""
        return outbound_name(self.port.number, self.subset, self.host.fqdn)


def targets(host: Host, rule: DestinationRule | None) -> list[Target]:
    """Every cluster of a host; UDP ports have none."""
    subsets = ("", *rule.subsets) if rule else ("",)
    return [Target(host, port, name) for port in host.ports if port.protocol != "UDP" for name in subsets]


def policy_of(rule: DestinationRule | None, port: int, subset: str) -> dict[str, Any]:
    """The traffic policy that holds for a port of a subset."""
    if rule is None:
        return {}
    chosen = rule.subsets.get(subset) or {}
    return merge.effective(rule.policy, chosen.get("trafficPolicy") or {}, port)


def labels_of(rule: DestinationRule | None, target: Target) -> dict[str, str]:
    """What the endpoints of a target must be labelled with; nothing for a whole host.

    With PASSTHROUGH a subset has all of them: in Istio the request goes on to the address that the client looked up,
    which is the service's, and labels do not count.
    """
    if rule is None or not target.subset:
        return {}
    passes = load_balancing.is_passthrough(policy_of(rule, target.port.number, target.subset))
    return {} if passes else rule.subsets[target.subset].get("labels") or {}


@dataclass(frozen=True)
class Reader:
    """What kind of proxy a cluster is for, as far as clusters differ by it.

    `private`: it may read the Secrets that the rule names. `router`: it is a gateway, which forwards to nobody whom it
    does not know: there hosts without endpoints are EDS and empty.
    """

    private: bool = False
    router: bool = False


def outbound(
    target: Target,
    rule: DestinationRule | None,
    accounts: tuple[str, ...],
    mesh: MeshConfig,
    *,
    reader: Reader,
    groups: Iterable[Group] = (),
) -> Resource:
    """The cluster of a target; `accounts` are the service accounts of the host's workloads (NAMESPACE/NAME).

    `groups` are its endpoints where they have names.
    """
    policy, host = policy_of(rule, target.port.number, target.subset), target.host
    cluster = _cluster(target.name, mesh)
    cluster.metadata.CopyFrom(_metadata(target, rule))
    options = http_protocol_options_pb2.HttpProtocolOptions()
    forwards = host.forwarded and not reader.router
    if not forwards:
        load_balancing.apply(cluster, policy)
        locality.apply(cluster, locality.order_of(policy, host.distribution, mesh.locality))
    connection_pool.apply(cluster, options, policy, http2_port=target.port.is_http2)
    outlier_detection.apply(cluster, policy)
    _security(cluster, options, target, policy.get("tls"), accounts, mesh=mesh, reader=reader)
    cluster.typed_extension_protocol_options[_OPTIONS].CopyFrom(transport.any_of(options))
    if forwards:
        discovery.by_request(cluster)
    elif host.looked_up:
        discovery.by_dns(cluster, host.resolution, groups, mesh)
    else:
        discovery.by_control_plane(cluster)
    return pack(cluster, refs=(target.name,) if cluster.type == cluster_pb2.Cluster.EDS else ())


def inbound(
    port: int,
    address: str,
    host: Host | None,
    protocol: str,
    mesh: MeshConfig,
    *,
    policy: merge.Policy,
    config: str = "",
) -> Resource:
    """The cluster in front of a pod's own app on its private address.

    Of the DestinationRule for the host, named by `config`, only what limits connections and requests holds here, too:
    the receiver must bear what all its callers together let through (cluster_builder.go, buildInboundCluster).
    """
    cluster = _cluster(inbound_name(port), mesh)
    cluster.type = cluster_pb2.Cluster.STATIC
    group = cluster.load_assignment.endpoints.add()
    group.lb_endpoints.add().endpoint.address.CopyFrom(socket_address(address, port))
    cluster.load_assignment.cluster_name = cluster.name
    if host is not None:
        fields = {**_service(host), "config": config} if config else _service(host)
        cluster.metadata.filter_metadata["istio"].CopyFrom(struct(fields))
    options = http_protocol_options_pb2.HttpProtocolOptions()
    connection_pool.apply(cluster, options, policy, http2_port=protocol in ("HTTP2", "GRPC"), inbound=True)
    cluster.typed_extension_protocol_options[_OPTIONS].CopyFrom(transport.any_of(options))
    return pack(cluster)


def passthrough(mesh: MeshConfig) -> Resource:
    """Where requests for unknown hosts go.

    Istio's forwards to the address that the client resolved (ORIGINAL_DST); behind `http_proxy` the proxy has to look
    the name up itself, with a dynamic forward proxy.
    """
    cluster = _cluster(PASSTHROUGH, mesh)
    discovery.by_request(cluster)
    # The request's host stands for the service, which nobody knows (istio_stats does the same).
    cluster.metadata.filter_metadata["istio"].CopyFrom(struct({"service_name": PASSTHROUGH}))
    return pack(cluster)


def black_hole(mesh: MeshConfig) -> Resource:
    """A cluster without endpoints."""
    cluster = _cluster(BLACK_HOLE, mesh)
    cluster.type = cluster_pb2.Cluster.STATIC
    cluster.metadata.filter_metadata["istio"].CopyFrom(struct({"service_name": BLACK_HOLE}))
    return pack(cluster)


def _cluster(name: str, mesh: MeshConfig) -> Any:
    # Without the trailing ";" nobody could tell where a name with dots in it ends within a statistic's name.
    return cluster_pb2.Cluster(
        name=name, alt_stat_name=f"{name};", connect_timeout=duration(mesh.connect_timeout)
    )


def _security(
    cluster: Any,
    options: Any,
    target: Target,
    tls: merge.Policy | None,
    accounts: tuple[str, ...],
    *,
    mesh: MeshConfig,
    reader: Reader,
) -> None:
    """Auto mTLS: each endpoint by its own metadata, unless the rule's `tls` says what holds for all.

    A `tls` without a mode is DISABLE, the first of the enumeration; what is outside of the mesh has no certificate
    of it (buildUpstreamTLSSettings).
    """
    if tls is None:
        if mesh.auto_mtls and not target.host.outside and not target.host.forwarded:
            sni = sni_name(target.port.number, target.subset, target.host.fqdn)
            cluster.transport_socket_matches.extend(
                transport.auto_mutual_tls(sni, accounts, mesh.trust_domain)
            )
    elif client_tls.originates(tls, private=reader.private):
        client_tls.set_names(options, tls)
        cluster.transport_socket.CopyFrom(client_tls.socket(tls, http2=target.port.is_http2))
    elif tls.get("mode") == "ISTIO_MUTUAL":
        sni = tls.get("sni") or sni_name(target.port.number, target.subset, target.host.fqdn)
        names = tls.get("subjectAltNames") or ()
        cluster.transport_socket.CopyFrom(
            transport.mutual_tls_client(sni, accounts, mesh.trust_domain, names)
        )


def _metadata(target: Target, rule: DestinationRule | None) -> Any:
    """What Istio says of a cluster (cluster_builder.go, addClusterMetadata), and single fields for metrics."""
    fields: dict[str, Any] = {**_service(target.host), "default_original_port": target.port.number}
    if rule is not None:
        fields["config"] = rule.config_path
    if target.subset:
        fields["subset"] = target.subset
    return base_pb2.Metadata(filter_metadata={"istio": struct(fields)})


def _service(host: Host) -> dict[str, Any]:
    return {
        "services": [{"host": host.fqdn, "name": host.name, "namespace": host.namespace}],
        "service_host": host.fqdn,
        "service_name": host.name,
        "service_namespace": host.namespace,
    }
