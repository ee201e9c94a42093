"""WorkloadEntries: machines outside of Kubernetes that stand beside pods behind a name.

A ServiceEntry's `workloadSelector` picks WorkloadEntries and pods alike; a Service's selector picks WorkloadEntries in
addition to the pods that its EndpointSlices list. Both look in their own namespace only. Sources:
pilot/pkg/serviceregistry/serviceentry/conversion.go (convertWorkloadEntryToWorkloadInstance) and
pilot/pkg/serviceregistry/kube/controller/controller.go (serviceInstancesFromWorkloadInstances).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.endpoints import Endpoint, EndpointSet
from meshtutor.embedded.istio.hosts import Host, Port
from meshtutor.embedded.istio.reading import Object, key_of, labels_of, matches_labels, spec_of
from meshtutor.embedded.istio.validation.names import is_address
from meshtutor.embedded.istio.workloads import OWN_PLACE, Workload, locality


@dataclass(frozen=True)
class Machine:
    """What a selector may pick: a WorkloadEntry, or a pod that is ready. `ports` are numbers by name."""

    workload: Workload
    ports: tuple[tuple[str, int], ...] = ()
    weight: int = 1
    of_pod: bool = False

    @property
    def named(self) -> bool:
        """Whether its address is a name: only a ServiceEntry that looks names up can use it."""
        return not is_address(self.workload.ip)

    def selected_by(self, namespace: str, selector: Mapping[str, str]) -> bool:
        """Whether a selector of an object in a namespace picks it."""
        mine = self.workload
        return mine.namespace == namespace and matches_labels(selector, mine.labels_with_place)

    def endpoint(self, port: Port, number: int) -> Endpoint:
        """Its endpoint for a port of a host."""
        return Endpoint(
            port.name,
            self.workload.ip,
            number,
            self.workload,
            weight=self.weight,
            service_port=port.number,
        )


def machine(obj: Object) -> Machine:
    """Read a WorkloadEntry; labels in its metadata go before those in its spec (ConvertWorkloadEntry)."""
    namespace, name = key_of(obj)
    spec = spec_of(obj)
    labels = {**(spec.get("labels") or {}), **labels_of(obj)}
    account = str(spec.get("serviceAccount") or "")
    own = Workload(
        name=name,
        namespace=namespace,
        ip=str(spec.get("address") or ""),
        labels=labels,
        service_account=account,
        workload=name,
        locality=locality(str(spec.get("locality") or labels.get(OWN_PLACE, "").replace(".", "/"))),
        tls="istio" if account else "",
    )
    return Machine(own, tuple(sorted((spec.get("ports") or {}).items())), int(spec.get("weight") or 1))


def of_pods(pods: Iterable[Object], workloads: Mapping[tuple[str, str], Workload]) -> Iterator[Machine]:
    """The pods that may be picked: those that are ready and have an address."""
    for pod in pods:
        workload = workloads[key_of(pod)]
        if workload.ip and _is_ready(pod):
            named = tuple((name, number) for number, name in workload.container_ports if name)
            yield Machine(workload, named, of_pod=True)


def beside_pods(service: Host, machines: Iterable[Machine]) -> EndpointSet:
    """The endpoints that WorkloadEntries add to those of a Service with a selector."""
    if not service.selector:
        return EndpointSet(())
    selector = dict(service.selector)
    picked = [one for one in machines if not one.named and one.selected_by(service.namespace, selector)]
    found = (one.endpoint(port, number) for one in picked for port in service.ports
             if (number := _target(one, port)))  # fmt: skip
    return EndpointSet(tuple(sorted(found, key=lambda e: (e.port_name, e.address, e.port))))


def _target(machine: Machine, port: Port) -> int | None:
    """Where a Service's port leads on a machine: targetPort, which may be the name of one of its ports.

    A number may be overridden by a port of the Service's port's name; a name that the machine has not leads nowhere.
    """
    held = dict(machine.ports)
    if isinstance(port.target, int):
        return held.get(port.name) or port.target
    return held.get(port.target)


def _is_ready(pod: Mapping[str, Any]) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
