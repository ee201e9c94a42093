"""Objects in, changes out: server-side apply and delete, in an order in which nothing refers to nothing.

Outside the learner's own namespace other people have objects, too. There only what a lesson of this learner made is
changed or deleted, which labels tell; they are set when an object is made, and never put on one that is there already.
"""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import Any, Final

from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube import naming, objects
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import NAMESPACE
from meshtutor.kube.manifests import Manifests, Origin
from meshtutor.kube.ordering import rank
from meshtutor.mesh.changes import Action, Change, title

Object = dict[str, Any]
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LESSON_OF: Final = "meshtutor.lesson-of"  # the learner whose lesson made it, told by their namespace


def apply_all(kube: KubeClient, found: Manifests, namespace: str) -> list[Change]:
    """Apply each object; a refusal does not keep the others from being applied (as with kubectl)."""
    return [_apply(kube, obj, origin, namespace) for obj, origin in _in_order(kube, found, namespace)]


def delete_all(kube: KubeClient, found: Manifests, namespace: str) -> list[Change]:
    """Delete each object that is there, what refers to others first."""
    return [
        _delete(kube, obj, origin, namespace) for obj, origin in reversed(_in_order(kube, found, namespace))
    ]


def _in_order(kube: KubeClient, found: Manifests, namespace: str) -> list[tuple[Object, Origin]]:
    pairs = ((placed(kube, obj, namespace), origin) for obj, origin in zip(found, found.origins, strict=True))
    return sorted(pairs, key=lambda pair: rank(pair[0]))


def placed(kube: KubeClient, obj: Object, namespace: str) -> Object:
    """The object with its namespace written down, if its kind has one, and the study's names read as the learner's.

    Unknown kinds stay as they are.
    """
    try:
        kind = kube.kind_of(obj)
    except NotFoundError:
        return obj
    found = copy.deepcopy(naming.localized(obj, namespace))
    if kind.namespaced and not found["metadata"].get("namespace"):
        found["metadata"]["namespace"] = namespace
    return found


def find(kube: KubeClient, obj: Object) -> Object | None:
    """The stored object of that kind and name, or None."""
    kind = kube.kind_of(obj)
    try:
        return kube.get(kind, obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return None


def _apply(kube: KubeClient, obj: Object, origin: Origin, namespace: str) -> Change:
    try:
        before = find(kube, obj)
        shared = _is_outside(kube, obj, namespace)
        if shared and before is not None:
            _refuse_others(kube, before, namespace)
        written = kube.apply(_labelled(obj, namespace) if shared else obj)
    except ApiStatusError as error:
        return Change("refused", obj, error=error, origin=origin)
    return Change(_difference(before, written.object), written.object, written.warnings, origin=origin)


def _is_outside(kube: KubeClient, obj: Object, namespace: str) -> bool:
    """Whether it lies where other people have objects, too: elsewhere, or in no namespace at all."""
    meta, kind = obj["metadata"], kube.kind_of(obj)
    own = meta["name"] if kind == NAMESPACE else meta.get("namespace")
    return bool(own != namespace)


def _labelled(obj: Object, namespace: str) -> Object:
    """With labels that say who made it and in whose lesson, because its place does not."""
    whose = {MANAGED_BY: FIELD_MANAGER, LESSON_OF: namespace}
    meta = obj["metadata"]
    return {**obj, "metadata": {**meta, "labels": {**(meta.get("labels") or {}), **whose}}}


def _refuse_others(kube: KubeClient, there: Object, namespace: str) -> None:
    """ApiStatusError (a conflict) unless a lesson of this learner made the object, or the namespace that it lies in."""
    meta = there["metadata"]
    whose = objects.labels(there).get(LESSON_OF, "")
    if whose == namespace or (not whose and _made_namespace(kube, meta.get("namespace", ""), namespace)):
        return
    owner = f"the lessons of {whose} made it" if whose else "no lesson of yours made it"
    raise ApiStatusError(
        {
            "kind": "Status",
            "status": "Failure",
            "code": HTTPStatus.CONFLICT,
            "reason": "AlreadyExists",
            "message": f"{title(there)} exists, and {owner}; it was not touched.",
        },
        "Give yours another name. If you mean that very one: kubectl changes it, and a reset leaves it so.",
    )


def _made_namespace(kube: KubeClient, place: str, namespace: str) -> bool:
    try:
        return bool(place) and objects.labels(kube.get(NAMESPACE, place)).get(LESSON_OF) == namespace
    except ApiStatusError:  # one that may not be read is somebody else's
        return False


def _difference(before: Object | None, after: Object) -> Action:
    if before is None:
        return "created"
    same = before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]
    return "unchanged" if same else "configured"


def _delete(kube: KubeClient, obj: Object, origin: Origin, namespace: str) -> Change:
    try:
        if _is_outside(kube, obj, namespace) and (there := find(kube, obj)) is not None:
            _refuse_others(kube, there, namespace)
        kube.delete(kube.kind_of(obj), obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return Change("absent", obj, origin=origin)
    except ApiStatusError as error:
        return Change("refused", obj, error=error, origin=origin)
    return Change("deleted", obj, origin=origin)
