"""Back to the study's initial state, whatever the lesson before left behind.

The initial state is what lies in manifests/bookinfo (and manifests/gateway): the learner's namespace with its
injection label, the application with a sidecar in every pod, no Istio rule but the gateway's. Every step asks
first, and what the resets before applied is left alone where nobody has written it since (`Standing`), so that a
reset with nothing to do takes a fraction of a second.

Left out: fields that another tool added to a workload of the study and that its manifest does not mention
(`kubectl set env`, say) stay, as server-side apply has it. Outside the learner's namespace only what their own lessons
applied goes: namespaces, and Istio objects in Istio's root namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.errors import MeshtutorError, NotFoundError
from meshtutor.kube import kinds, objects, rollouts
from meshtutor.kube.client import KubeClient
from meshtutor.kube.manifests import Manifests
from meshtutor.mesh import applying, leftovers
from meshtutor.mesh.changes import Change, title
from meshtutor.mesh.disturbing import switch_of
from meshtutor.mesh.leftovers import Named, named
from meshtutor.mesh.standing import Standing

Object = dict[str, Any]
INJECTION_LABELS: Final = ("istio-injection", "istio.io/rev")  # either of them makes Istio inject


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
    kube: KubeClient,
    namespace: str,
    desired: Manifests,
    *,
    injection: Mapping[str, str],
    standing: Standing | None = None,
) -> Restored:
    """Make the namespace what `desired` says; the caller waits for pods and proxies.

    `injection` are the namespace's labels that ask for sidecars; empty for a namespace without. `standing` is what the
    resets before have applied there.
    """
    done = Restored()
    done.applied += [f"the label {label}" for label in set_injection(kube, namespace, injection)]
    there = leftovers.survey(kube, namespace)
    _remove(kube, namespace, there, {named(obj) for obj in desired}, done)
    standing, stored = standing or Standing(), {named(obj): obj for obj in there}
    wanted = desired.only(lambda obj: not standing.has(obj, stored))
    done.changes += (changes := _apply(kube, namespace, wanted, standing))
    done.applied += [change.name for change in changes]
    pods = [pod for pod in kube.list(kinds.POD, namespace) if not pod["metadata"].get("deletionTimestamp")]
    done.restarted = _restart(kube, [pod for pod in pods if _sidecar_is_wrong(pod, wanted=bool(injection))])
    done.faults = clear_faults(kube, [pod for pod in pods if pod["metadata"]["name"] not in done.restarted])
    return done


def _remove(kube: KubeClient, namespace: str, there: list[Object], keep: set[Named], done: Restored) -> None:
    others = leftovers.namespaces(kube, namespace)
    done.namespaces = [obj["metadata"]["name"] for obj in others]
    for obj in [*leftovers.foreign(there, keep), *leftovers.root_rules(kube, namespace), *others]:
        if _delete(kube, obj):
            done.changes.append(Change("deleted", obj))
            done.removed.append(title(obj))


def _apply(kube: KubeClient, namespace: str, wanted: Manifests, standing: Standing) -> list[Change]:
    """Apply, and remember what came of it; the changes that did change something."""
    manifests = {named(obj): obj for obj in wanted}
    changes = applying.apply_all(kube, wanted, namespace)
    for change in changes:
        if change.error:
            raise change.error
        if manifest := manifests.get(named(change.object)):
            standing.remember(manifest, change.object)
    return [change for change in changes if change.action != "unchanged"]


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
