"""Columns of Services, EndpointSlices, Ingresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meshtutor.embedded.apiserver.tables.columns import AGE, NAME, NONE, Column, Object, at, joined
from meshtutor.embedded.apiserver.values import items_of

_SHOWN_ENDPOINTS = 3


def external_ip(service: Object) -> str:
    """EXTERNAL-IP by type; a load balancer without one is pending."""
    spec = service.get("spec") or {}
    external = ",".join(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "LoadBalancer":
            ingress = items_of(at(service, "status", "loadBalancer"), "ingress")
            found = ",".join(i.get("ip") or i.get("hostname") or "" for i in ingress)
            return ",".join(filter(None, (found, external))) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName") or NONE)
        case _:
            return external or NONE


def service_ports(service: Object) -> str:
    """PORT(S): `80:30000/TCP`."""
    ports = items_of(service.get("spec"), "ports")
    texts = [
        f"{p.get('port')}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p.get('protocol', 'TCP')}"
        for p in ports
    ]
    return ",".join(texts) or NONE


def _some(values: Iterable[str], unset: str) -> str:
    found = list(values)
    if not found:
        return unset
    rest = len(found) - _SHOWN_ENDPOINTS
    return ",".join(found[:_SHOWN_ENDPOINTS]) + (f" + {rest} more..." if rest > 0 else "")


def slice_ports(obj: Object) -> str:
    """PORTS of an EndpointSlice."""
    return _some((str(p.get("port") or "*") for p in items_of(obj, "ports")), "<unset>")


def slice_addresses(obj: Object) -> str:
    """ENDPOINTS of an EndpointSlice."""
    return _some((a for e in items_of(obj, "endpoints") for a in e.get("addresses") or ()), "<unset>")


def _hosts(ingress: Object) -> str:
    return _some((r["host"] for r in items_of(ingress.get("spec"), "rules") if r.get("host")), "*")


def _addresses(ingress: Object) -> str:
    found = items_of(at(ingress, "status", "loadBalancer"), "ingress")
    return ",".join(i.get("ip") or i.get("hostname") or "" for i in found)


SERVICE: Final = (
    NAME,
    Column("Type", lambda o: at(o, "spec", "type")),
    Column("Cluster-IP", lambda o: at(o, "spec", "clusterIP") or NONE),
    Column("External-IP", external_ip),
    Column("Port(s)", service_ports),
    AGE,
    Column("Selector", lambda o: joined(at(o, "spec", "selector")), 1),
)
ENDPOINT_SLICE: Final = (
    NAME,
    Column("AddressType", lambda o: o.get("addressType")),
    Column("Ports", slice_ports),
    Column("Endpoints", slice_addresses),
    AGE,
)
INGRESS: Final = (
    NAME,
    Column("Class", lambda o: at(o, "spec", "ingressClassName") or NONE),
    Column("Hosts", _hosts),
    Column("Address", _addresses),
    Column("Ports", lambda o: "80, 443" if at(o, "spec", "tls") else "80"),
    AGE,
)
INGRESS_CLASS: Final = (
    NAME,
    Column("Controller", lambda o: at(o, "spec", "controller")),
    Column("Parameters", lambda o: at(o, "spec", "parameters", "name") or NONE),
    AGE,
)
