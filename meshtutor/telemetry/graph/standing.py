"""What stands in the cluster, traffic or not: workloads with their pods and sidecars, and Services.

Names are those that Istio's metrics use. Source: istio/istio, pkg/kube/controllers and pkg/model/labels (workload name
from the pod's owner, canonical service and revision from labels).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.kube import objects, reach, rollouts
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import POD, SERVICE

Object = dict[str, Any]
_HASH: Final = "pod-template-hash"
_UNSEEN: Final = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Workload:
    """The pods of one workload, added up; `labels` are those of one of them."""

    namespace: str
    name: str
    app: str
    version: str
    pods: int
    ready: int
    sidecar: bool
    gateway: bool
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Standing:
    """The workloads and Services of some namespaces; `unread` are namespaces that may not be read.

    `selectors` has for each Service that chooses pods by labels which labels.
    """

    workloads: tuple[Workload, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    selectors: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def labels(self, namespace: str, workload: str) -> dict[str, str]:
        """The labels of a workload's pods; none where it is not known."""
        found = (w.labels for w in self.workloads if (w.namespace, w.name) == (namespace, workload))
        return dict(next(found, ()))

    def chooses(self, service: tuple[str, str], namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether a Service (namespace, name) has the pods with these labels in a namespace behind it."""
        selector = self.selectors.get(service)
        return bool(selector) and service[0] == namespace and (selector or {}).items() <= labels.items()


def read_standing(kube: KubeClient, namespaces: Iterable[str]) -> Standing:
    """Ask the Kubernetes API; two requests for each namespace."""
    workloads: list[Workload] = []
    services: list[tuple[str, str]] = []
    unread: list[str] = []
    selectors: dict[tuple[str, str], Mapping[str, str]] = {}
    for namespace in namespaces:
        pods, found = reach.look(kube, POD, namespace), reach.look(kube, SERVICE, namespace)
        if pods is None or found is None:
            unread.append(namespace)
        workloads += workloads_of(pods or ())
        names = sorted(objects.name(service) for service in found or ())
        services += [(namespace, name) for name in names if (namespace, name) != ("default", "kubernetes")]
        selectors |= {(namespace, objects.name(one)): _selector(one) for one in found or () if _selector(one)}
    return Standing(tuple(workloads), tuple(services), tuple(unread), selectors)


def workloads_of(pods: Iterable[Object]) -> list[Workload]:
    """Pods by their workload, sorted by name; pods that have ended are left out."""
    groups: dict[tuple[str, str], list[Object]] = {}
    for pod in pods:
        if pod.get("status", {}).get("phase") not in _UNSEEN:
            groups.setdefault((objects.namespace(pod), workload_name(pod)), []).append(pod)
    return [_workload(*key, members) for key, members in sorted(groups.items())]


def workload_name(pod: Object) -> str:
    """The Deployment behind a pod, by its ReplicaSet's name without the hash; else its owner, else the pod itself."""
    owners = objects.metadata(pod).get("ownerReferences") or ()
    owner = next((o for o in owners if o.get("controller")), None)
    if owner is None:
        return objects.name(pod)
    name, suffix = str(owner["name"]), "-" + objects.labels(pod).get(_HASH, "")
    return name.removesuffix(suffix) if owner.get("kind") == "ReplicaSet" and len(suffix) > 1 else name


def _workload(namespace: str, name: str, pods: list[Object]) -> Workload:
    labels = objects.labels(pods[0])
    app = (
        labels.get("service.istio.io/canonical-name")
        or labels.get("app.kubernetes.io/name")
        or labels.get("app")
    )
    version = (
        labels.get("service.istio.io/canonical-revision")
        or labels.get("app.kubernetes.io/version")
        or labels.get("version")
    )
    return Workload(
        namespace,
        name,
        app or name,
        version or "latest",
        len(pods),
        sum(map(rollouts.is_ready, pods)),
        all(map(rollouts.has_sidecar, pods)),
        any(map(_is_gateway, pods)),
        tuple(sorted(labels.items())),
    )


def _is_gateway(pod: Object) -> bool:
    """Istio starts a gateway's proxy with `proxy router`."""
    containers = objects.spec(pod).get("containers") or ()
    return any("router" in (c.get("args") or ()) for c in containers if c.get("name") == "istio-proxy")


def _selector(service: Object) -> Mapping[str, str]:
    return objects.spec(service).get("selector") or {}
