"""Endpoints: from EndpointSlices to EDS.

Only ready endpoints are told to proxies (Istio 1.30: PILOT_SEND_UNHEALTHY_ENDPOINTS is off), but for Services with a
`trafficDistribution`, whose proxies must see how much of the near is missing (ForcesSupportUnhealthyEndpoints). Each
carries what metrics and auto mTLS need as metadata (pilot/pkg/networking/util/util.go, AppendLbEndpointMetadata):
`istio.workload` = WORKLOAD;NAMESPACE;CANONICAL-NAME;REVISION;CLUSTER, and the tlsMode that picks a transport socket.
The single fields beside it are this project's: the stats access logger cannot take a string apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from envoy.config.core.v3 import address_pb2, base_pb2, health_check_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2 as parts
from envoy.config.endpoint.v3 import endpoint_pb2
from google.protobuf import struct_pb2

from meshtutor.embedded.istio.hosts import resolve
from meshtutor.embedded.istio.reading import Key, Object, key_of, labels_of, matches_labels, uint32
from meshtutor.embedded.istio.workloads import CLUSTER_ID, TLS_MODE, Locality, Workload

_NOWHERE = Locality()
_MOST = 2**32 - 1


@dataclass(frozen=True)
class Endpoint:
    """An address that serves a port of a service; `workload` is None for one that only a ServiceEntry lists.

    Such a one has what the entry says of it: `tags` are its labels, `place` its locality, `account` its service account
    as NAMESPACE/ACCOUNT. `service_port` is the entry's port; `ready`: it takes requests.
    """

    port_name: str
    address: str
    port: int
    workload: Workload | None
    tags: tuple[tuple[str, str], ...] = ()
    place: Locality = _NOWHERE
    weight: int = 1
    account: str = ""
    service_port: int = 0
    ready: bool = True

    @property
    def locality(self) -> Locality:
        """Where it stands."""
        return self.workload.locality if self.workload else self.place

    @property
    def labels(self) -> Mapping[str, str]:
        """What subsets and failover priorities select by: the pod's labels and those of its place."""
        return self.workload.labels_with_place if self.workload else dict(self.tags)

    @property
    def tls_mode(self) -> str:
        """`istio` when a sidecar ends mutual TLS there: by label, or since it has a service account."""
        if self.workload:
            return self.workload.tls_mode
        return dict(self.tags).get(TLS_MODE, "istio" if self.account else "")

    @property
    def identity(self) -> str:
        """NAMESPACE/ACCOUNT of the certificate that it shows, "" if it has none."""
        workload = self.workload
        if workload is None:
            return self.account
        return f"{workload.namespace}/{workload.service_account}" if workload.service_account else ""


@dataclass(frozen=True)
class EndpointSet:
    """The ready endpoints of a service, for all its ports, in the order of addresses."""

    endpoints: tuple[Endpoint, ...]

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """The service accounts of its workloads, as NAMESPACE/ACCOUNT, sorted."""
        return tuple(sorted({e.identity for e in self.endpoints if e.identity}))

    def select(self, port_name: str, labels: Mapping[str, str]) -> list[Endpoint]:
        """The endpoints of a port whose workloads have these labels."""
        return [e for e in self.endpoints if e.port_name == port_name and matches_labels(labels, e.labels)]

    def of_service_port(self, number: int, labels: Mapping[str, str]) -> list[Endpoint]:
        """The same by the number of a ServiceEntry's port (EndpointShards.CopyEndpoints)."""
        return [e for e in self.endpoints if e.service_port == number and matches_labels(labels, e.labels)]

    def __add__(self, other: EndpointSet) -> EndpointSet:
        """These and those, each port of an address once."""
        found = {(e.port_name, e.address, e.port): e for e in (*other.endpoints, *self.endpoints)}
        return EndpointSet(tuple(found[key] for key in sorted(found)))


NO_ENDPOINTS = EndpointSet(())


@dataclass(frozen=True)
class Group:
    """Endpoints of one place and priority (0 is asked first); `weight` is the place's share within its priority."""

    locality: Locality
    endpoints: tuple[Endpoint, ...]
    weight: int
    priority: int = 0


def collect(
    slices: Iterable[Object], workloads: Mapping[Key, Workload], near: Collection[Key] = ()
) -> dict[Key, EndpointSet]:
    """Endpoints by (namespace, host) from all slices; `near` are the hosts of which the unready ones are told, too."""
    found: dict[Key, dict[tuple[str, str, int], Endpoint]] = {}
    for piece in slices:
        service = labels_of(piece).get("kubernetes.io/service-name")
        if service:
            namespace, _ = key_of(piece)
            key = (namespace, resolve(service, namespace))
            into = found.setdefault(key, {})
            for endpoint in _of_slice(piece, namespace, workloads):
                if endpoint.ready or key in near:
                    into[endpoint.port_name, endpoint.address, endpoint.port] = endpoint
    return {key: EndpointSet(tuple(by[k] for k in sorted(by))) for key, by in found.items()}


def _of_slice(piece: Object, namespace: str, workloads: Mapping[Key, Workload]) -> Iterable[Endpoint]:
    ports = [
        (str(port.get("name") or ""), int(port["port"]))
        for port in piece.get("ports") or ()
        if port.get("port")
    ]
    for endpoint in piece.get("endpoints") or ():
        conditions = endpoint.get("conditions") or {}
        ready = conditions.get("ready", True) is not False
        if not ready and conditions.get("terminating"):
            continue
        target = endpoint.get("targetRef") or {}
        workload = workloads.get((target.get("namespace") or namespace, target.get("name", "")))
        for address in endpoint.get("addresses") or ():
            yield from (Endpoint(name, address, number, workload, ready=ready) for name, number in ports)


def by_place(endpoints: Iterable[Endpoint]) -> list[Group]:
    """One group per place, in a stable order; each weighs as much as it has endpoints."""
    groups: dict[Locality, list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault(endpoint.locality, []).append(endpoint)
    found = ((place, _bounded(groups[place])) for place in sorted(groups, key=str))
    return [Group(place, held, sum(member.weight for member in held)) for place, held in found]


def _bounded(endpoints: list[Endpoint]) -> tuple[Endpoint, ...]:
    """Endpoints whose weights together are a number that Envoy takes (uint32), in the same proportions."""
    total = sum(member.weight for member in endpoints)
    if total <= _MOST:
        return tuple(endpoints)
    scale = _MOST // 2
    return tuple(replace(one, weight=max(1, one.weight * scale // total)) for one in endpoints)


def load_assignment(cluster: str, groups: Iterable[Group]) -> Any:
    """The EDS resource of a cluster."""
    return endpoint_pb2.ClusterLoadAssignment(
        cluster_name=cluster, endpoints=[_locality_endpoints(group) for group in groups]
    )


def _locality_endpoints(group: Group) -> Any:
    place = group.locality
    return parts.LocalityLbEndpoints(
        locality=base_pb2.Locality(region=place.region, zone=place.zone, sub_zone=place.subzone),
        lb_endpoints=[lb_endpoint(member) for member in group.endpoints],
        load_balancing_weight=uint32(group.weight),
        priority=group.priority,
    )


def lb_endpoint(endpoint: Endpoint) -> Any:
    """One endpoint with its metadata."""
    return parts.LbEndpoint(
        endpoint=parts.Endpoint(address=socket_address(endpoint.address, endpoint.port)),
        metadata=_metadata(endpoint),
        load_balancing_weight=uint32(endpoint.weight),
        health_status=health_check_pb2.UNKNOWN if endpoint.ready else health_check_pb2.UNHEALTHY,
    )


def socket_address(address: str, port: int) -> Any:
    """A TCP address."""
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=address, port_value=port))


def struct(fields: Mapping[str, Any]) -> struct_pb2.Struct:
    """A protobuf struct from plain data."""
    result = struct_pb2.Struct()
    result.update(fields)
    return result


def _metadata(endpoint: Endpoint) -> Any:
    metadata = base_pb2.Metadata()
    if endpoint.workload:
        fields = peer_fields(endpoint.workload)
        names = ("workload_name", "workload_namespace", "canonical_service", "canonical_revision", "cluster")
        summary = ";".join(fields[name] for name in names)
        metadata.filter_metadata["istio"].CopyFrom(struct({**fields, "workload": summary}))
    if endpoint.tls_mode:
        match = struct({"tlsMode": endpoint.tls_mode})
        metadata.filter_metadata["envoy.transport_socket_match"].CopyFrom(match)
    return metadata if metadata.filter_metadata else None


def peer_fields(workload: Workload) -> dict[str, str]:
    """What a workload's metrics labels say of it, by the label's name without `source_` or `destination_`."""
    return {
        "workload_name": workload.workload,
        "workload_namespace": workload.namespace,
        "app": workload.app,
        "version": workload.version,
        "canonical_service": workload.canonical_name,
        "canonical_revision": workload.canonical_revision,
        "cluster": CLUSTER_ID,
    }
