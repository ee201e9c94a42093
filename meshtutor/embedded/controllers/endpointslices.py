"""Services with a selector become EndpointSlices, which follow the pods' readiness.

As staging/src/k8s.io/endpointslice of Kubernetes: `ready` leaves when a pod is asked to go, `serving` when it
stops answering; a `targetPort` given by name may differ between pods, each port set then has its own slice.

Left out: splitting at 100 endpoints per slice, topology hints, `hostname` of headless pods, IPv6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.controllers.names import with_suffix
from meshtutor.embedded.controllers.rollout import name_of
from meshtutor.embedded.controllers.selectors import contains
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.objects import (
    Key,
    controller_of,
    is_deleting,
    is_finished,
    is_ready,
    key_of,
    labels_of,
    owner_reference,
)
from meshtutor.embedded.recorder import Recorder
from meshtutor.kube.kinds import ENDPOINT_SLICE, NODE, POD, SERVICE

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
_ZONE = "topology.kubernetes.io/zone"
_Ports = tuple[tuple[str, int, str, str], ...]


class EndpointSlices(Controller):
    """Keeps the slices of every Service that selects pods."""

    component = "endpoint-slice-controller"

    def __init__(self, informer: Informer, recorder: Recorder) -> None:
        super().__init__(informer, recorder)
        self._facts: dict[Key, object] = {}
        self._members: dict[Key, set[Key]] = {}

    def concerns(self, event: Event) -> Iterable[Key]:
        """The Service itself, that of a slice, or those that select or have selected a pod."""
        if event.kind is SERVICE:
            yield key_of(event.object)
        elif event.kind is ENDPOINT_SLICE and labels_of(event.object).get(MANAGED_BY) == MANAGER:
            yield event.object["metadata"]["namespace"], labels_of(event.object).get(SERVICE_NAME, "")
        elif event.kind is POD:
            yield from self._services_of(event)

    async def reconcile(self, key: Key) -> None:
        """Make the slices say what the pods are now; only those that differ are written."""
        service = self.informer.get(SERVICE, key[1], key[0])
        if service is None or is_deleting(service) or not service["spec"].get("selector"):
            return
        wanted = self._wanted(service)
        held = self._held(service)
        for slice_ in held:
            endpoints = wanted.pop(_port_set(slice_), None)
            if endpoints is None:
                await self.informer.delete(slice_)
            elif endpoints != (slice_.get("endpoints") or []):
                await self.informer.update({**slice_, "endpoints": endpoints})
        for ports, endpoints in wanted.items():
            await self.informer.create(_slice(service, ports, endpoints))

    def _services_of(self, event: Event) -> Iterable[Key]:
        pod = event.object
        key = key_of(pod)
        facts = None if event.type == "DELETED" else _facts(pod)
        if facts is not None and self._facts.get(key) == facts:
            return
        before = self._members.pop(key, set())
        if facts is None:
            self._facts.pop(key, None)
            yield from before
            return
        now = {
            key_of(s)
            for s in self.informer.list(SERVICE, key[0])
            if s["spec"].get("selector") and contains(s["spec"]["selector"], labels_of(pod))
        }
        self._facts[key], self._members[key] = facts, now
        yield from before | now

    def _held(self, service: Object) -> list[Object]:
        owned = self.informer.owned(ENDPOINT_SLICE, service["metadata"]["uid"])
        return [s for s in owned if labels_of(s).get(MANAGED_BY) == MANAGER and not is_deleting(s)]

    def _wanted(self, service: Object) -> dict[_Ports, list[Object]]:
        """Endpoints by the ports they answer on; one empty slice where there is no pod."""
        slices: dict[_Ports, list[Object]] = {}
        for pod in sorted(self.informer.list(POD, service["metadata"]["namespace"]), key=key_of):
            if contains(service["spec"]["selector"], labels_of(pod)) and _has_address(pod):
                ports = _resolve_ports(service, pod)
                slices.setdefault(ports, []).append(self._endpoint(service, pod))
        return slices or {(): []}

    def _endpoint(self, service: Object, pod: Object) -> Object:
        serving, terminating = is_ready(pod), is_deleting(pod)
        eager = bool(service["spec"].get("publishNotReadyAddresses"))
        ready = eager or (serving and not terminating)
        node_name = pod["spec"].get("nodeName", "")
        endpoint: Object = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": ready, "serving": eager or serving, "terminating": terminating},
            "nodeName": node_name,
            "targetRef": {
                "kind": "Pod",
                "namespace": pod["metadata"]["namespace"],
                "name": name_of(pod),
                "uid": pod["metadata"]["uid"],
            },
        }
        node = self.informer.get(NODE, node_name)
        if node is not None and (zone := labels_of(node).get(_ZONE)):
            endpoint["zone"] = zone
        return endpoint


def _facts(pod: Object) -> object:
    """All of a pod that a slice depends on."""
    status = pod.get("status") or {}
    return (labels_of(pod), status.get("podIP"), is_ready(pod), is_deleting(pod), is_finished(pod),
            pod["spec"].get("nodeName"), pod["metadata"]["uid"])  # fmt: skip


def _has_address(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("podIP")) and not is_finished(pod)


def _resolve_ports(service: Object, pod: Object) -> _Ports:
    """(name, number, protocol, appProtocol) of each Service port on this pod; unknown names are left out."""
    resolved = []
    for port in service["spec"].get("ports") or ():
        number = target_port(port, pod)
        if number is not None:
            name, protocol = port.get("name", ""), port.get("protocol", "TCP")
            resolved.append((name, number, protocol, port.get("appProtocol", "")))
    return tuple(resolved)


def target_port(service_port: Mapping[str, Any], pod: Mapping[str, Any]) -> int | None:
    """The pod's port behind a Service port: `targetPort` by number or by the name of a container's port."""
    target = service_port.get("targetPort") or service_port["port"]
    if isinstance(target, int) or str(target).isdigit():
        return int(target)
    for container in pod["spec"].get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


def _port_set(slice_: Object) -> _Ports:
    return tuple(
        (p.get("name", ""), int(p["port"]), p.get("protocol", "TCP"), p.get("appProtocol", ""))
        for p in slice_.get("ports") or ()
    )


def _slice(service: Object, ports: _Ports, endpoints: Sequence[Object]) -> Object:
    base = f"{name_of(service)}-"
    labels = {**labels_of(service), SERVICE_NAME: name_of(service), MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    return {
        "apiVersion": ENDPOINT_SLICE.api_version,
        "kind": ENDPOINT_SLICE.kind,
        "metadata": {
            "generateName": base,
            "name": with_suffix(base),
            "namespace": service["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(service, SERVICE)],
        },
        "addressType": "IPv4",
        "ports": [
            {"name": name, "port": number, "protocol": protocol, **({"appProtocol": app} if app else {})}
            for name, number, protocol, app in ports
        ],
        "endpoints": list(endpoints),
    }


def service_of(slice_: Mapping[str, Any]) -> str:
    """The name of the Service that a slice belongs to."""
    owner = controller_of(slice_) or {}
    return labels_of(slice_).get(SERVICE_NAME) or str(owner.get("name", ""))
