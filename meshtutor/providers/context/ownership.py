"""What is ours in a cluster that others use, too: told by a label, which only meshtutor sets.

The label is set by a field manager of its own, so that applying the study's manifests again (`mesh.reset()`, whose
manifests do not have it) leaves it where it is: server-side apply removes only what the same manager set before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meshtutor.kube import kinds, reach
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import Kind

Object = dict[str, Any]
LABEL: Final = "app.kubernetes.io/managed-by"
OURS: Final = "meshtutor"
SELECTOR: Final = f"{LABEL}={OURS}"
LESSON_OF: Final = "meshtutor.lesson-of"  # whose lesson made a namespace, as `mesh.applying` labels it
MARKER: Final = "up.meshtutor"  # begins otherwise than the lessons' manager, whose objects a reset removes
KINDS: Final = (*kinds.WORKLOADS, *kinds.RULES)
_GIVEN: Final = {("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "istio-ca-root-cert"), ("ConfigMap", "istio-ca-crl"),
                 ("ConfigMap", "openshift-service-ca.crt"), ("ServiceAccount", "default"),
                 ("ServiceAccount", "builder"), ("ServiceAccount", "deployer"), ("Service", "kubernetes")}  # fmt: skip


def is_ours(obj: Object) -> bool:
    """Whether meshtutor made it: by `up` (the label), or by a lesson's `mesh.apply` (the field manager)."""
    meta = obj["metadata"]
    managers = {entry.get("manager") for entry in meta.get("managedFields", ())}
    return bool((meta.get("labels") or {}).get(LABEL) == OURS or FIELD_MANAGER in managers)


def mark(kube: KubeClient, obj: Object, namespace: str = "") -> Object:
    """Put the label on an object that we have just made."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace") if obj["metadata"].get(key)}
    return make(kube, {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta}, namespace)


def labelled(obj: Object) -> Object:
    """The object with our label."""
    meta = obj["metadata"]
    return {**obj, "metadata": {**meta, "labels": {**meta.get("labels", {}), LABEL: OURS}}}


def make(kube: KubeClient, obj: Object, namespace: str = "") -> Object:
    """Apply an object that is ours for as long as the lab lasts: a lesson's reset leaves it alone."""
    kind, meta, body = kube.kind_of(obj), obj["metadata"], labelled(obj)
    place = meta.get("namespace", namespace)
    path = kind.path(meta["name"], place, version=obj["apiVersion"].rpartition("/")[2])
    answer = kube.request(
        "PATCH",
        path,
        params={"fieldManager": MARKER, "force": "true"},
        body=body,
        content_type="application/apply-patch+yaml",
    )
    written: Object = answer.json()
    return written


def contents(kube: KubeClient, namespace: str, of: Iterable[Kind] = KINDS) -> list[Object]:
    """The objects of a namespace that somebody put there: not those that a cluster makes in each, nor owned ones."""
    found = [obj for kind in of for obj in reach.list_in(kube, kind, namespace)]
    return [
        obj
        for obj in found
        if (obj["kind"], obj["metadata"]["name"]) not in _GIVEN
        and not obj["metadata"].get("ownerReferences")
        and obj.get("type") not in ("kubernetes.io/service-account-token", "kubernetes.io/dockercfg")
    ]
