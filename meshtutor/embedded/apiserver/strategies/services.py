"""Services: cluster IPs out of the lab's block, node ports, and the checks on ports.

Source: pkg/apis/core/v1/defaults.go (SetDefaults_Service), pkg/registry/core/service, ValidateService.
Left out: dual stack; load balancer classes; ipFamilies other than IPv4 (the lab lives on 127.0.0.0/8).
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import FieldError, invalid_value, required
from meshtutor.embedded.apiserver.strategies.allocation import Allocator
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.names import check_labels, label_1035_error, label_error
from meshtutor.embedded.apiserver.strategies.pod_checks import check_port, one_of
from meshtutor.embedded.apiserver.values import fill, items_of, section

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameNode", "PreferSameZone")
_EXTERNAL: Final = ("NodePort", "LoadBalancer")


class ServiceStrategy(Strategy):
    """Service."""

    name_error = staticmethod(label_1035_error)

    def __init__(self, allocator: Allocator) -> None:
        self._allocator = allocator

    def default(self, obj: Object) -> None:
        """Type, protocol, target port, policies."""
        spec = section(obj, "spec")
        fill(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
        if spec["type"] != "ExternalName":
            fill(
                spec,
                {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"], "internalTrafficPolicy": "Cluster"},
            )
        if spec["type"] in _EXTERNAL:
            fill(spec, {"externalTrafficPolicy": "Cluster"})
        if spec["type"] == "LoadBalancer":
            fill(spec, {"allocateLoadBalancerNodePorts": True})
        for port in items_of(spec, "ports"):
            fill(port, {"protocol": "TCP"})
            if port.get("targetPort") in (None, "", 0):
                port["targetPort"] = port.get("port")

    def prepare_create(self, obj: Object) -> None:
        """An empty status, and addresses."""
        obj["status"] = {"loadBalancer": {}}
        self._allocate(obj)

    def prepare_update(self, obj: Object, old: Object) -> None:
        """What was allocated stays, unless the new type has no use for it."""
        spec, before = obj["spec"], old["spec"]
        if spec["type"] != "ExternalName" and before.get("clusterIP"):
            fill(spec, {"clusterIP": before["clusterIP"]})
        known = {(p.get("port"), p.get("protocol")): p.get("nodePort") for p in items_of(before, "ports")}
        for port in items_of(spec, "ports"):
            if spec["type"] in _EXTERNAL:
                fill(port, {"nodePort": known.get((port.get("port"), port.get("protocol")))})
            elif before["type"] in _EXTERNAL and port.get("nodePort") in known.values():
                port.pop("nodePort", None)
        self._allocate(obj)

    def _allocate(self, obj: Object) -> None:
        spec = obj["spec"]
        if spec["type"] == "ExternalName":
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
            return
        address = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), None)
        spec["clusterIP"] = address or self._allocator.address()
        spec["clusterIPs"] = [spec["clusterIP"]]
        if spec["type"] in _EXTERNAL:
            self._allocator.node_ports(items_of(spec, "ports"))

    def validate(self, obj: Object) -> list[FieldError]:
        """Type, ports, selector, and that what was asked for is free."""
        spec = obj["spec"]
        found = one_of(spec, "type", _TYPES, "spec")
        found += one_of(spec, "sessionAffinity", ("ClientIP", "None"), "spec")
        found += one_of(spec, "trafficDistribution", _DISTRIBUTIONS, "spec")
        found += check_labels(spec.get("selector"), "spec.selector")
        found += _check_ports(spec)
        if spec["type"] == "ExternalName":
            return found if spec.get("externalName") else [*found, required("spec.externalName")]
        return found + self._allocator.check(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """A cluster IP is for the Service's life."""
        before, after = old["spec"].get("clusterIP"), obj["spec"].get("clusterIP")
        if not before or not after or before == after:
            return []
        return [invalid_value("spec.clusterIPs[0]", [after], "may not change once set")]


def _check_ports(spec: dict[str, Any]) -> list[FieldError]:
    ports = items_of(spec, "ports")
    if not ports:
        optional = spec["type"] == "ExternalName" or spec.get("clusterIP") == "None"
        return [] if optional else [required("spec.ports")]
    found: list[FieldError] = []
    for i, port in enumerate(ports):
        found += _check_port(port, f"spec.ports[{i}]", several=len(ports) > 1)
    return found + _check_duplicates(ports)


def _check_port(port: dict[str, Any], path: str, *, several: bool) -> list[FieldError]:
    found = check_port(port.get("port"), f"{path}.port")
    found += one_of(port, "protocol", ("SCTP", "TCP", "UDP"), path)
    if isinstance(port.get("targetPort"), int):
        found += check_port(port["targetPort"], f"{path}.targetPort")
    name = port.get("name") or ""
    if several and not name:
        found.append(required(f"{path}.name"))
    elif name and (why := label_error(name)):
        found.append(invalid_value(f"{path}.name", name, why))
    return found


def _check_duplicates(ports: list[dict[str, Any]]) -> list[FieldError]:
    found: list[FieldError] = []
    seen: set[tuple[object, ...]] = set()
    for i, port in enumerate(ports):
        own = ("port", port.get("port"), port.get("protocol"))
        keys: set[tuple[object, ...]] = {("name", port.get("name") or i), own}
        for key in keys & seen:
            message = f'Duplicate value: "{key[1]}"'
            found.append(FieldError(f"spec.ports[{i}]", "FieldValueDuplicate", message))
        seen |= keys
    return found
