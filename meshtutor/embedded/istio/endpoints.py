"""Endpoints: from EndpointSlices to EDS.

Only ready endpoints are told to proxies (Istio 1.30: PILOT_SEND_UNHEALTHY_ENDPOINTS is off). Each carries what metrics
and auto mTLS need as metadata (pilot/pkg/networking/util/util.go, BuildLbEndpointMetadata):
`istio.workload` = WORKLOAD;NAMESPACE;CANONICAL-NAME;REVISION;CLUSTER, and the tlsMode that picks a transport socket.
The single fields beside it are this project's: the stats access logger cannot take a string apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2 as parts
from envoy.config.endpoint.v3 import endpoint_pb2
from google.protobuf import struct_pb2

from meshtutor.embedded.istio.reading import Key, Object, key_of, labels_of, matches_labels, uint32
from meshtutor.embedded.istio.workloads import CLUSTER_ID, Locality, Workload

_NOWHERE = Locality()


@dataclass(frozen=True)
class Endpoint:
    """An address that serves a port of a service; `workload` is None for one without a pod.

    Such a one has what a ServiceEntry says of it: `tags` are its labels, `place` its locality.
    """

    port_name: str
    address: str
    port: int
    workload: Workload | None
    tags: tuple[tuple[str, str], ...] = ()
    place: Locality = _NOWHERE
    weight: int = 1

    @property
    def locality(self) -> Locality:
        """Where it stands."""
        return self.workload.locality if self.workload else self.place

    @property
    def labels(self) -> Mapping[str, str]:
        """What subsets and failover priorities select by: the pod's labels and those of its place."""
        return self.workload.labels_with_place if self.workload else dict(self.tags)


@dataclass(frozen=True)
class EndpointSet:
    """The ready endpoints of a service, for all its ports, in the order of addresses."""

    endpoints: tuple[Endpoint, ...]

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """The service accounts of its pods, as NAMESPACE/ACCOUNT, sorted."""
        pods = {e.workload for e in self.endpoints if e.workload}
        return tuple(sorted({f"{pod.namespace}/{pod.service_account}" for pod in pods}))

    def select(self, port_name: str, labels: Mapping[str, str]) -> list[Endpoint]:
        """The endpoints of a port whose pods have these labels."""
        return [e for e in self.endpoints if e.port_name == port_name and matches_labels(labels, e.labels)]


NO_ENDPOINTS = EndpointSet(())


@dataclass(frozen=True)
class Group:
    """Endpoints of one place and priority (0 is asked first); `weight` is the place's share within its priority."""

    locality: Locality
    endpoints: tuple[Endpoint, ...]
    weight: int
    priority: int = 0


def collect(slices: Iterable[Object], workloads: Mapping[Key, Workload]) -> dict[Key, EndpointSet]:
    """Endpoints by service from all slices."""
    found: dict[Key, dict[tuple[str, str, int], Endpoint]] = {}
    for piece in slices:
        service = labels_of(piece).get("kubernetes.io/service-name")
        if service:
            namespace, _ = key_of(piece)
            into = found.setdefault((namespace, service), {})
            for endpoint in _of_slice(piece, namespace, workloads):
                into[endpoint.port_name, endpoint.address, endpoint.port] = endpoint
    return {key: EndpointSet(tuple(by[k] for k in sorted(by))) for key, by in found.items()}


def _of_slice(piece: Object, namespace: str, workloads: Mapping[Key, Workload]) -> Iterable[Endpoint]:
    ports = [
        (str(port.get("name") or ""), int(port["port"]))
        for port in piece.get("ports") or ()
        if port.get("port")
    ]
    for endpoint in piece.get("endpoints") or ():
        if (endpoint.get("conditions") or {}).get("ready", True) is False:
            continue
        target = endpoint.get("targetRef") or {}
        workload = workloads.get((target.get("namespace") or namespace, target.get("name", "")))
        for address in endpoint.get("addresses") or ():
            yield from (Endpoint(name, address, number, workload) for name, number in ports)


def by_place(endpoints: Iterable[Endpoint]) -> list[Group]:
    """One group per place, in a stable order; each weighs as much as it has endpoints."""
    groups: dict[Locality, list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault(endpoint.locality, []).append(endpoint)
    return [
        Group(place, tuple(groups[place]), sum(member.weight for member in groups[place]))
        for place in sorted(groups, key=str)
    ]


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
        metadata=_metadata(endpoint.workload) if endpoint.workload else None,
        load_balancing_weight=uint32(endpoint.weight),
    )


def socket_address(address: str, port: int) -> Any:
    """A TCP address."""
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=address, port_value=port))


def struct(fields: Mapping[str, Any]) -> struct_pb2.Struct:
    """A protobuf struct from plain data."""
    result = struct_pb2.Struct()
    result.update(fields)
    return result


def _metadata(workload: Workload) -> Any:
    fields = peer_fields(workload)
    names = ("workload_name", "workload_namespace", "canonical_service", "canonical_revision", "cluster")
    summary = ";".join(fields[name] for name in names)
    metadata = base_pb2.Metadata(filter_metadata={"istio": struct({**fields, "workload": summary})})
    if workload.tls_mode:
        match = struct({"tlsMode": workload.tls_mode})
        metadata.filter_metadata["envoy.transport_socket_match"].CopyFrom(match)
    return metadata


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
