"""Objects in, changes out: server-side apply and delete, in an order in which nothing refers to nothing."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube.client import KubeClient
from meshtutor.kube.ordering import in_order
from meshtutor.mesh.changes import Change

Object = dict[str, Any]


def apply_all(kube: KubeClient, objects: Sequence[Object], namespace: str) -> list[Change]:
    """Apply each object; a refusal does not keep the others from being applied (as with kubectl)."""
    return [_apply(kube, obj) for obj in in_order(placed(kube, obj, namespace) for obj in objects)]


def delete_all(kube: KubeClient, objects: Sequence[Object], namespace: str) -> list[Change]:
    """Delete each object that is there, what refers to others first."""
    return [_delete(kube, obj) for obj in reversed(in_order(placed(kube, obj, namespace) for obj in objects))]


def placed(kube: KubeClient, obj: Object, namespace: str) -> Object:
    """The object with its namespace written down, if its kind has one; unknown kinds stay as they are."""
    try:
        kind = kube.kind_of(obj)
    except NotFoundError:
        return obj
    if not kind.namespaced or obj["metadata"].get("namespace"):
        return obj
    placed_object = copy.deepcopy(obj)
    placed_object["metadata"]["namespace"] = namespace
    return placed_object


def find(kube: KubeClient, obj: Object) -> Object | None:
    """The stored object of that kind and name, or None."""
    kind = kube.kind_of(obj)
    try:
        return kube.get(kind, obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return None


def _apply(kube: KubeClient, obj: Object) -> Change:
    try:
        before = find(kube, obj)
        written = kube.apply(obj)
    except ApiStatusError as error:
        return Change("refused", obj, error=error)
    stored = written.object
    if before is None:
        return Change("created", stored, written.warnings)
    same = before["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]
    return Change("unchanged" if same else "configured", stored, written.warnings)


def _delete(kube: KubeClient, obj: Object) -> Change:
    try:
        kube.delete(kube.kind_of(obj), obj["metadata"]["name"], obj["metadata"].get("namespace", ""))
    except NotFoundError:
        return Change("absent", obj)
    except ApiStatusError as error:
        return Change("refused", obj, error=error)
    return Change("deleted", obj)
