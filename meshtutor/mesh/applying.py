"""Objects in, changes out: server-side apply and delete, in an order in which nothing refers to nothing."""

from __future__ import annotations

import copy
from typing import Any, Final

from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import NAMESPACE
from meshtutor.kube.manifests import Manifests, Origin
from meshtutor.kube.ordering import rank
from meshtutor.mesh.changes import Action, Change

Object = dict[str, Any]
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LESSON_OF: Final = "meshtutor.lesson-of"  # the learner whose lesson made it, told by their namespace


def apply_all(kube: KubeClient, found: Manifests, namespace: str) -> list[Change]:
    """Apply each object; a refusal does not keep the others from being applied (as with kubectl)."""
    return [_apply(kube, obj, origin) for obj, origin in _in_order(kube, found, namespace)]


def delete_all(kube: KubeClient, found: Manifests, namespace: str) -> list[Change]:
    """Delete each object that is there, what refers to others first."""
    return [_delete(kube, obj, origin) for obj, origin in reversed(_in_order(kube, found, namespace))]


def _in_order(kube: KubeClient, found: Manifests, namespace: str) -> list[tuple[Object, Origin]]:
    pairs = ((placed(kube, obj, namespace), origin) for obj, origin in zip(found, found.origins, strict=True))
    return sorted(pairs, key=lambda pair: rank(pair[0]))


def placed(kube: KubeClient, obj: Object, namespace: str) -> Object:
    """The object with its namespace written down, if its kind has one; unknown kinds stay as they are.

    What lies outside the learner's namespace gets labels that say who made it and in whose lesson, because its place
    does not: in a cluster that a class shares, one learner's reset must not take along what is another's.
    """
    try:
        kind = kube.kind_of(obj)
    except NotFoundError:
        return obj
    found = copy.deepcopy(obj)
    meta = found["metadata"]
    if kind.namespaced and not meta.get("namespace"):
        meta["namespace"] = namespace
    if kind == NAMESPACE or meta.get("namespace", namespace) != namespace:
        whose = {MANAGED_BY: FIELD_MANAGER, LESSON_OF: namespace}
        meta["labels"] = {**whose, **(meta.get("labels") or {})}
    return found


def find(kube: KubeClient, obj: Object) -> Object | None:
    """The stored object of that kind and name, or None."""
    kind = kube.kind_of(obj)
    try:
        return kube.get(kind, obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return None


def _apply(kube: KubeClient, obj: Object, origin: Origin) -> Change:
    try:
        before = find(kube, obj)
        written = kube.apply(obj)
    except ApiStatusError as error:
        return Change("refused", obj, error=error, origin=origin)
    return Change(_difference(before, written.object), written.object, written.warnings, origin=origin)


def _difference(before: Object | None, after: Object) -> Action:
    if before is None:
        return "created"
    same = before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]
    return "unchanged" if same else "configured"


def _delete(kube: KubeClient, obj: Object, origin: Origin) -> Change:
    try:
        kube.delete(kube.kind_of(obj), obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return Change("absent", obj, origin=origin)
    except ApiStatusError as error:
        return Change("refused", obj, error=error, origin=origin)
    return Change("deleted", obj, origin=origin)
