"""ServiceEntries: names that become hosts of the mesh, with endpoints of their own.

Source: pilot/pkg/serviceregistry/serviceentry/conversion.go. Each name is a host whose cluster has all endpoints of
the entry: those that it lists, those of the WorkloadEntries and pods that it selects, or, where names are looked up
and it says neither, the name itself. What becomes of several entries for one name is told in `registry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.endpoints import NO_ENDPOINTS, Endpoint, EndpointSet
from meshtutor.embedded.istio.hosts import Host, Port, distribution_of
from meshtutor.embedded.istio.reading import Object, key_of, labels_of, seniority, spec_of
from meshtutor.embedded.istio.workload_entries import Machine
from meshtutor.embedded.istio.workloads import OWN_PLACE, locality, with_place


@dataclass(frozen=True, eq=False, slots=True)
class ServiceEntry:
    """A ServiceEntry: its hosts and the endpoints that it lists; `selector` is None where it selects none."""

    namespace: str
    hosts: tuple[Host, ...]
    listed: EndpointSet
    selector: dict[str, str] | None
    labels: dict[str, str]
    seniority: tuple[str, str]

    def endpoints_of(self, host: Host, machines: Iterable[Machine]) -> EndpointSet:
        """The endpoints of one of its hosts; `machines` are those of its namespace."""
        if host.forwarded:
            return NO_ENDPOINTS
        if self.selector is not None:
            return EndpointSet(tuple(self._selected(host, self.selector, machines)))
        if host.looked_up and not self.listed.endpoints:
            return EndpointSet(tuple(_itself(host, port) for port in host.ports))
        return self.listed

    def _selected(
        self, host: Host, selector: dict[str, str], machines: Iterable[Machine]
    ) -> Iterator[Endpoint]:
        """WorkloadEntries first, then pods, each by name."""
        picked = [one for one in machines if one.selected_by(self.namespace, selector)]
        for one in sorted(picked, key=lambda one: (one.of_pod, one.workload.name)):
            if host.looked_up or not one.named:
                own = dict(one.ports)
                yield from (one.endpoint(port, int(own.get(port.name) or port.target)) for port in host.ports)


def service_entry(obj: Object) -> ServiceEntry:
    """Read a ServiceEntry."""
    namespace, _ = key_of(obj)
    spec = spec_of(obj)
    ports = tuple(_port(port) for port in spec.get("ports") or ())
    found = (_endpoint(one, port, namespace) for one in spec.get("endpoints") or () for port in ports)
    chosen = spec.get("workloadSelector")
    return ServiceEntry(
        namespace,
        tuple(_hosts(obj, ports)),
        EndpointSet(tuple(found)),
        None if chosen is None else chosen.get("labels") or {},
        labels_of(obj),
        seniority(obj),
    )


def _hosts(obj: Object, ports: tuple[Port, ...]) -> Iterator[Host]:
    """A host per name; the addresses go to the first, as two cannot be told apart by them."""
    namespace, _ = key_of(obj)
    spec = spec_of(obj)
    selector = (spec.get("workloadSelector") or {}).get("labels") or {}
    for index, name in enumerate(dict.fromkeys(str(host).lower() for host in spec.get("hosts") or ())):
        yield Host(
            fqdn=name,
            name=name,
            namespace=namespace,
            ports=ports,
            addresses=tuple(dict.fromkeys(map(str, spec.get("addresses") or ()))) if index == 0 else (),
            selector=tuple(sorted(selector.items())),
            export_to=frozenset(spec.get("exportTo") or ()),
            outside=spec.get("location", "MESH_EXTERNAL") == "MESH_EXTERNAL",
            resolution=str(spec.get("resolution", "NONE")),
            distribution=distribution_of(obj),
        )


def _port(port: dict[str, Any]) -> Port:
    number = int(port["number"])
    return Port(
        number, str(port["name"]), str(port["protocol"]).upper(), int(port.get("targetPort") or number)
    )


def _itself(host: Host, port: Port) -> Endpoint:
    """The endpoint of a host that names nobody else: what DNS says of its own name."""
    return Endpoint(port.name, host.fqdn, int(port.target), None, service_port=port.number)


def _endpoint(spec: dict[str, Any], port: Port, namespace: str) -> Endpoint:
    """An endpoint's port: its own by the port's name, else targetPort, else the number (convertEndpoint)."""
    number = (spec.get("ports") or {}).get(port.name) or port.target
    labels = spec.get("labels") or {}
    place = locality(str(spec.get("locality") or labels.get(OWN_PLACE, "").replace(".", "/")))
    account = str(spec.get("serviceAccount") or "")
    return Endpoint(
        port.name,
        str(spec["address"]),
        int(number),
        None,
        tags=tuple(sorted(with_place(labels, place).items())),
        place=place,
        weight=int(spec.get("weight") or 1),
        account=f"{namespace}/{account}" if account else "",
        service_port=port.number,
    )
