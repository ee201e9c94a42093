"""Workloads: what the mesh knows of a pod, and where it stands.

Canonical names: pkg/kube/labels (service.istio.io/canonical-name, app.kubernetes.io/name, app, then the workload's
name). A pod's workload is its Deployment: the ReplicaSet's name without the template hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from meshtutor.embedded.istio.reading import Object, key_of, labels_of, spec_of

REGION: Final = "topology.kubernetes.io/region"
ZONE: Final = "topology.kubernetes.io/zone"
SUBZONE: Final = "topology.istio.io/subzone"
_CLUSTER: Final = "topology.istio.io/cluster"
_HOSTNAME: Final = "kubernetes.io/hostname"
CLUSTER_ID: Final = "Kubernetes"


@dataclass(frozen=True)
class Locality:
    """Region, zone and subzone, each "" when unknown."""

    region: str = ""
    zone: str = ""
    subzone: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.region, self.zone, self.subzone) if part)


@dataclass(frozen=True)
class Workload:
    """A pod in the mesh's words."""

    name: str
    namespace: str
    ip: str
    labels: dict[str, str] = field(hash=False)
    service_account: str
    workload: str
    locality: Locality
    container_ports: tuple[tuple[int, str], ...] = ()
    node: str = ""

    @cached_property
    def labels_with_place(self) -> dict[str, str]:
        """Its labels and where it stands, as Istio adds it (serviceregistry/util/label, AugmentLabels)."""
        place = self.locality
        known = {REGION: place.region, ZONE: place.zone, SUBZONE: place.subzone, _HOSTNAME: self.node}
        return self.labels | {_CLUSTER: CLUSTER_ID} | {key: value for key, value in known.items() if value}

    @property
    def canonical_name(self) -> str:
        """The service this pod is a part of, for metrics."""
        for label in ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app"):
            if value := self.labels.get(label):
                return value
        return self.workload

    @property
    def canonical_revision(self) -> str:
        """Its version, for metrics."""
        for label in ("service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"):
            if value := self.labels.get(label):
                return value
        return "latest"

    @property
    def app(self) -> str:
        """Label `app`, or "unknown"."""
        return self.labels.get("app") or "unknown"

    @property
    def version(self) -> str:
        """Label `version`, or "unknown"."""
        return self.labels.get("version") or "unknown"

    @property
    def tls_mode(self) -> str:
        """`istio` when a sidecar ends mutual TLS for the pod, else "" (label security.istio.io/tlsMode)."""
        return self.labels.get("security.istio.io/tlsMode", "")


def workload_of_pod(pod: Object, node: Object | None) -> Workload:
    """A pod's workload; its locality is its node's, or its own label `istio-locality` (region.zone.subzone)."""
    namespace, name = key_of(pod)
    spec = spec_of(pod)
    return Workload(
        name=name,
        namespace=namespace,
        ip=str((pod.get("status") or {}).get("podIP") or ""),
        labels=labels_of(pod),
        service_account=str(spec.get("serviceAccountName") or "default"),
        workload=_workload_name(pod),
        locality=_locality(labels_of(pod), labels_of(node) if node else {}),
        container_ports=tuple(_ports(spec)),
        node=str(spec.get("nodeName") or ""),
    )


def _ports(spec: dict[str, Any]) -> list[tuple[int, str]]:
    """Ports of the app's containers with their names, TCP only."""
    return [
        (int(port["containerPort"]), str(port.get("name") or ""))
        for container in spec.get("containers") or ()
        if container.get("name") != "istio-proxy"
        for port in container.get("ports") or ()
        if (port.get("protocol") or "TCP") == "TCP"
    ]


def _workload_name(pod: Object) -> str:
    _, name = key_of(pod)
    owners = pod["metadata"].get("ownerReferences") or ()
    owner = next((o for o in owners if o.get("controller")), None)
    if owner is None:
        return name
    owner_name = str(owner["name"])
    template = labels_of(pod).get("pod-template-hash", "")
    return (
        owner_name.removesuffix(f"-{template}") if template and owner["kind"] == "ReplicaSet" else owner_name
    )


def _locality(pod: dict[str, str], node: dict[str, str]) -> Locality:
    if own := pod.get("istio-locality"):
        region, zone, subzone = [*own.replace("/", ".").split("."), "", ""][:3]
        return Locality(region, zone, subzone)
    return Locality(node.get(REGION, ""), node.get(ZONE, ""), node.get(SUBZONE, ""))
