"""ServiceEntries: names outside of Kubernetes that become hosts of the mesh, with endpoints of their own.

Source: pilot/pkg/serviceregistry/serviceentry/conversion.go. Each name is a host whose cluster has all endpoints of
the entry. A Kubernetes Service keeps its names: an entry that claims one of them, or an address that is taken, does
without it, as Envoy takes each domain only once. Of several entries for one name the oldest is heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from meshtutor.embedded.istio.endpoints import Endpoint, EndpointSet
from meshtutor.embedded.istio.hosts import Host, Port
from meshtutor.embedded.istio.reading import Key, Object, key_of, seniority, spec_of
from meshtutor.embedded.istio.workloads import Locality


@dataclass(frozen=True, eq=False, slots=True)
class ServiceEntry:
    """A ServiceEntry: its hosts, and the endpoints that each of them has."""

    hosts: tuple[Host, ...]
    endpoints: EndpointSet
    seniority: tuple[str, str]


def service_entry(obj: Object) -> ServiceEntry:
    """Read a ServiceEntry with resolution STATIC."""
    spec = spec_of(obj)
    ports = tuple(_port(port) for port in spec.get("ports") or ())
    found = (_endpoint(one, port) for one in spec.get("endpoints") or () for port in ports)
    return ServiceEntry(tuple(_hosts(obj, ports)), EndpointSet(tuple(found)), seniority(obj))


def hosts_of(entries: Iterable[ServiceEntry], taken: Iterable[str]) -> dict[str, Host]:
    """The entries' hosts by full name; `taken` are the names and addresses of Services."""
    found: dict[str, Host] = {}
    used = set(taken)
    for entry in sorted(entries, key=lambda entry: entry.seniority):
        for host in entry.hosts:
            if host.fqdn in used:
                continue
            used.add(host.fqdn)
            found[host.fqdn] = replace(host, address="") if host.address and host.address in used else host
            used.add(host.address)
    return found


def endpoints_of(entries: Iterable[ServiceEntry]) -> dict[Key, EndpointSet]:
    """The entries' endpoints by (namespace, host)."""
    oldest_last = sorted(entries, key=lambda entry: entry.seniority, reverse=True)
    return {(host.namespace, host.name): entry.endpoints for entry in oldest_last for host in entry.hosts}


def _hosts(obj: Object, ports: tuple[Port, ...]) -> Iterator[Host]:
    """A host per name; the address goes to the first, as two cannot be told apart by it."""
    namespace, _ = key_of(obj)
    spec = spec_of(obj)
    outside = spec.get("location", "MESH_EXTERNAL") == "MESH_EXTERNAL"
    for index, name in enumerate(dict.fromkeys(str(host).lower() for host in spec.get("hosts") or ())):
        yield Host(
            fqdn=name,
            name=name,
            namespace=namespace,
            ports=ports,
            address=str(next(iter(spec.get("addresses") or ()), "")) if index == 0 else "",
            selector=(),
            export_to=frozenset(spec.get("exportTo") or ()),
            outside=outside,
        )


def _port(port: dict[str, Any]) -> Port:
    number = int(port["number"])
    return Port(
        number, str(port["name"]), str(port["protocol"]).upper(), int(port.get("targetPort") or number)
    )


def _endpoint(spec: dict[str, Any], port: Port) -> Endpoint:
    """An endpoint's port: its own by the port's name, else targetPort, else the number (convertEndpoint)."""
    number = (spec.get("ports") or {}).get(port.name) or port.target
    region, zone, subzone = [*str(spec.get("locality") or "").split("/"), "", ""][:3]
    return Endpoint(
        port.name,
        str(spec["address"]),
        int(number),
        None,
        tags=tuple(sorted((spec.get("labels") or {}).items())),
        place=Locality(region, zone, subzone),
        weight=int(spec.get("weight") or 1),
    )
