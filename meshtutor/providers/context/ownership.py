"""What is ours in a cluster that others use, too: told by a label, which only meshtutor sets.

The label is set by a field manager of its own, so that applying the study's manifests again (`mesh.reset()`, whose
manifests do not have it) leaves it where it is: server-side apply removes only what the same manager set before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meshtutor.errors import NotFoundError
from meshtutor.kube import kinds
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import Kind

Object = dict[str, Any]
LABEL: Final = "app.kubernetes.io/managed-by"
OURS: Final = "meshtutor"
SELECTOR: Final = f"{LABEL}={OURS}"
_MARKER: Final = "up.meshtutor"  # begins otherwise than the lessons' manager, whose objects a reset removes
KINDS: Final = (
    kinds.DEPLOYMENT,
    kinds.SERVICE,
    kinds.CONFIG_MAP,
    kinds.SECRET,
    kinds.SERVICE_ACCOUNT,
    *kinds.RULES,
)
_GIVEN: Final = {("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "istio-ca-root-cert"), ("ConfigMap", "istio-ca-crl"),
                 ("ConfigMap", "openshift-service-ca.crt"), ("ServiceAccount", "default"),
                 ("ServiceAccount", "builder"), ("ServiceAccount", "deployer"), ("Service", "kubernetes")}  # fmt: skip


def is_ours(obj: Object) -> bool:
    """Whether meshtutor made it: by `up` (the label), or by a lesson's `mesh.apply` (the field manager)."""
    meta = obj["metadata"]
    managers = {entry.get("manager") for entry in meta.get("managedFields", ())}
    return bool((meta.get("labels") or {}).get(LABEL) == OURS or FIELD_MANAGER in managers)


def mark(kube: KubeClient, obj: Object) -> None:
    """Put the label on an object that we have just made."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace") if obj["metadata"].get(key)}
    make(kube, {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta})


def make(kube: KubeClient, obj: Object, namespace: str = "") -> None:
    """Apply an object that is ours for as long as the lab lasts: a lesson's reset leaves it alone."""
    kind, meta = kube.kind_of(obj), obj["metadata"]
    body = {**obj, "metadata": {**meta, "labels": {**meta.get("labels", {}), LABEL: OURS}}}
    place = meta.get("namespace", namespace)
    path = kind.path(meta["name"], place, version=obj["apiVersion"].rpartition("/")[2])
    kube.request(
        "PATCH",
        path,
        params={"fieldManager": _MARKER, "force": "true"},
        body=body,
        content_type="application/apply-patch+yaml",
    )


def contents(kube: KubeClient, namespace: str, of: Iterable[Kind] = KINDS) -> list[Object]:
    """The objects of a namespace that somebody put there: not those that a cluster makes in each, nor owned ones."""
    found = [obj for kind in of for obj in _list(kube, kind, namespace)]
    return [
        obj
        for obj in found
        if (obj["kind"], obj["metadata"]["name"]) not in _GIVEN
        and not obj["metadata"].get("ownerReferences")
        and obj.get("type") not in ("kubernetes.io/service-account-token", "kubernetes.io/dockercfg")
    ]


def _list(kube: KubeClient, kind: Kind, namespace: str) -> list[Object]:
    try:
        return kube.list(kind, namespace)
    except NotFoundError:  # not every Istio has every kind
        return []
