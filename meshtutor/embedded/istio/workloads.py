"""Workloads: what the mesh knows of a pod (or of a machine outside, see `workload_entries`), and where it stands.

Canonical names: pkg/kube/labels (service.istio.io/canonical-name, app.kubernetes.io/name, app, then the workload's
name). A pod's workload is its Deployment: the ReplicaSet's name without the template hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from meshtutor.embedded.istio.reading import Object, key_of, labels_of, spec_of

REGION: Final = "topology.kubernetes.io/region"
ZONE: Final = "topology.kubernetes.io/zone"
SUBZONE: Final = "topology.istio.io/subzone"
OWN_PLACE: Final = "istio-locality"
NETWORK: Final = "topology.istio.io/network"
_CLUSTER: Final = "topology.istio.io/cluster"
HOSTNAME: Final = "kubernetes.io/hostname"
CLUSTER_ID: Final = "Kubernetes"
TLS_MODE: Final = "security.istio.io/tlsMode"


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
    """A pod, or a WorkloadEntry, in the mesh's words. `tls`: what mutual TLS it has where no label says so."""

    name: str
    namespace: str
    ip: str
    labels: dict[str, str] = field(hash=False)
    service_account: str
    workload: str
    locality: Locality
    container_ports: tuple[tuple[int, str], ...] = ()
    node: str = ""
    tls: str = ""

    @cached_property
    def labels_with_place(self) -> dict[str, str]:
        """Its labels and where it stands."""
        return with_place(self.labels, self.locality, self.node)

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
        return self.labels.get(TLS_MODE, self.tls)


def with_place(labels: Mapping[str, str], place: Locality, node: str = "") -> dict[str, str]:
    """Labels with those of a place, as Istio adds them (serviceregistry/util/label, AugmentLabels)."""
    known = {REGION: place.region, ZONE: place.zone, SUBZONE: place.subzone, HOSTNAME: node}
    return {**labels, _CLUSTER: CLUSTER_ID, **{key: value for key, value in known.items() if value}}


def locality(text: str) -> Locality:
    """REGION/ZONE/SUBZONE, of which the end may be left out."""
    region, zone, subzone = [*text.split("/"), "", ""][:3]
    return Locality(region, zone, subzone)


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
    if own := pod.get(OWN_PLACE):
        return locality(own.replace(".", "/"))
    return Locality(node.get(REGION, ""), node.get(ZONE, ""), node.get(SUBZONE, ""))
