"""Back to the study's initial state, whatever the lesson before left behind.

The initial state is what lies in manifests/bookinfo (and manifests/gateway): the learner's namespace with its
injection label, the application with a sidecar in every pod, no Istio rule but the gateway's. Every step asks
first, so that a reset with nothing to do takes a fraction of a second.

Left out: fields that another tool added to an object of the study and that its manifest does not mention
(`kubectl set env`, say) stay, as server-side apply has it. Outside the learner's namespace only what their own lessons
applied goes: namespaces, and Istio objects in Istio's root namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.errors import MeshtutorError, NotFoundError
from meshtutor.kube import kinds, objects, reach, rollouts
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import Kind
from meshtutor.kube.manifests import Manifests
from meshtutor.mesh import applying
from meshtutor.mesh.changes import Change, title
from meshtutor.mesh.disturbing import switch_of

Object = dict[str, Any]
Named = tuple[str, str, str]
"""Group, kind and name of an object."""
INJECTION_LABELS: Final = ("istio-injection", "istio.io/rev")  # either of them makes Istio inject
ROOT_NAMESPACE: Final = "istio-system"
_WORKLOADS: Final = (
    kinds.DEPLOYMENT,
    kinds.POD,
    kinds.SERVICE,
    kinds.CONFIG_MAP,
    kinds.SECRET,
    kinds.SERVICE_ACCOUNT,
)


@dataclass
class Restored:
    """What a reset had to do; empty when nothing had changed. `changes` are the same as objects."""

    removed: list[str] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    seconds: float = 0.0
    note: str = ""  # why it is not known whether every proxy has all of it, where it is not

    @property
    def anything(self) -> bool:
        """Whether the mesh was different."""
        return bool(self.removed or self.applied or self.faults or self.restarted)

    def __repr__(self) -> str:
        parts = {"removed": self.removed, "restored": self.applied, "cleared the fault of": self.faults,
                 "restarted": self.restarted}  # fmt: skip
        done = "; ".join(f"{verb} {', '.join(names)}" for verb, names in parts.items() if names)
        end = f" · {self.note}" if self.note else ""
        return f"{done or 'nothing had changed'} · initial state, ready in {self.seconds:.1f} s{end}"


def restore(
    kube: KubeClient, namespace: str, desired: Manifests, *, injection: Mapping[str, str]
) -> Restored:
    """Make the namespace what `desired` says; the caller waits for pods and proxies.

    `injection` are the namespace's labels that ask for sidecars; empty for a namespace without.
    """
    done = Restored()
    done.applied += [f"the label {label}" for label in set_injection(kube, namespace, injection)]
    keep = {_key(obj) for obj in desired}
    others = _foreign_namespaces(kube, namespace)
    done.namespaces = [obj["metadata"]["name"] for obj in others]
    for obj in [*_foreign_rules(kube, namespace, keep), *_foreign_workloads(kube, namespace, keep), *others]:
        if _delete(kube, obj):
            done.changes.append(Change("deleted", obj))
            done.removed.append(title(obj))
    for change in applying.apply_all(kube, desired, namespace):
        if change.error:
            raise change.error
        if change.action != "unchanged":
            done.changes.append(change)
            done.applied.append(change.name)
    pods = [pod for pod in kube.list(kinds.POD, namespace) if not pod["metadata"].get("deletionTimestamp")]
    done.restarted = _restart(kube, [pod for pod in pods if _sidecar_is_wrong(pod, wanted=bool(injection))])
    done.faults = clear_faults(kube, [pod for pod in pods if pod["metadata"]["name"] not in done.restarted])
    return done


def set_injection(kube: KubeClient, namespace: str, wanted: Mapping[str, str]) -> list[str]:
    """Give the namespace these injection labels and no others; the names of those that were different."""
    labels = kube.get(kinds.NAMESPACE, namespace)["metadata"].get("labels") or {}
    change = {
        label: wanted.get(label) for label in INJECTION_LABELS if labels.get(label) != wanted.get(label)
    }
    if change:
        kube.merge(kinds.NAMESPACE, namespace, "", {"metadata": {"labels": change}})
    return list(change)


def clear_faults(kube: KubeClient, pods: list[Object]) -> list[str]:
    """Switch the application's faults off in every pod that has one; their names."""

    def clear(pod: Object) -> str:
        try:
            answer = kube.request("DELETE", switch_of(pod), timeout=3.0).json()
        except (MeshtutorError, ValueError):
            return ""  # not a pod of the study's application, or one that is not up: it has no fault to clear
        return objects.name(pod) if isinstance(answer, dict) and answer.get("cleared") else ""

    with ThreadPoolExecutor(8) as threads:
        return [name for name in threads.map(clear, filter(rollouts.is_ready, pods)) if name]


def _foreign_rules(kube: KubeClient, namespace: str, keep: set[Named]) -> list[Object]:
    with ThreadPoolExecutor(8) as threads:
        here = threads.map(lambda kind: _list(kube, kind, namespace), kinds.RULES)
        labels = _labels_of_lessons(namespace)
        root = threads.map(lambda kind: _list(kube, kind, ROOT_NAMESPACE, labels), kinds.RULES)
        ours = [obj for found in root for obj in found]
        return [obj for found in here for obj in found if _key(obj) not in keep] + ours


def _foreign_workloads(kube: KubeClient, namespace: str, keep: set[Named]) -> list[Object]:
    """What a learner applied through meshtutor or kubectl; never what the cluster made by itself."""
    people = (FIELD_MANAGER, "kubectl")
    return [
        obj
        for kind in _WORKLOADS
        for obj in _list(kube, kind, namespace)
        if _key(obj) not in keep
        and not obj["metadata"].get("ownerReferences")
        and any(manager.startswith(people) for manager in _managers(obj))
    ]


def _foreign_namespaces(kube: KubeClient, namespace: str) -> list[Object]:
    """Namespaces that a lesson of this learner applied; never another learner's."""
    made = kube.list(kinds.NAMESPACE, labels=_labels_of_lessons(namespace))
    return [obj for obj in made if obj["metadata"]["name"] not in (namespace, ROOT_NAMESPACE)]


def _labels_of_lessons(namespace: str) -> str:
    return f"{applying.MANAGED_BY}={FIELD_MANAGER},{applying.LESSON_OF}={namespace}"


def _list(kube: KubeClient, kind: Kind, namespace: str, labels: str = "") -> list[Object]:
    if (
        namespace == ROOT_NAMESPACE
    ):  # on a shared cluster a learner may not look there, and then wrote nothing there
        return reach.list_if_shown(kube, kind, namespace, labels)
    return reach.list_in(kube, kind, namespace, labels)


def _delete(kube: KubeClient, obj: Object) -> bool:
    try:
        kube.delete(kube.kind_of(obj), obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return False
    return True


def _restart(kube: KubeClient, pods: list[Object]) -> list[str]:
    delete: Callable[[Object], bool] = lambda pod: _delete(kube, {"apiVersion": "v1", "kind": "Pod", **pod})  # noqa: E731
    return [str(pod["metadata"]["name"]) for pod in pods if delete(pod)]


def _sidecar_is_wrong(pod: Object, *, wanted: bool) -> bool:
    meta = pod["metadata"]
    own = {**meta.get("annotations", {}), **meta.get("labels", {})}.get("sidecar.istio.io/inject")
    return own is None and bool(meta.get("ownerReferences")) and rollouts.has_sidecar(pod) != wanted


def _managers(obj: Object) -> set[str]:
    return {str(entry.get("manager", "")) for entry in obj["metadata"].get("managedFields", ())}


def _key(obj: Object) -> Named:
    group = obj["apiVersion"].partition("/")[0]  # Istio and the Gateway API both have a kind Gateway
    return group, obj["kind"], obj["metadata"]["name"]
