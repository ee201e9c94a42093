"""Small readings of Kubernetes objects that controllers and kubelet share. Pure; objects are plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.kube.kinds import Kind

Key = tuple[str, str]
"""Namespace ("" for cluster-scoped kinds) and name."""


def timestamp(seconds: float | None = None) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time is written; `seconds` since the epoch, or now."""
    when = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(stamp: str) -> float:
    """Seconds since the epoch of an RFC 3339 time; 0.0 for an empty one."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() if stamp else 0.0


def key_of(obj: Mapping[str, Any]) -> Key:
    """Namespace and name of an object."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Labels, empty where there are none."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """Annotations, empty where there are none."""
    return obj["metadata"].get("annotations") or {}


def is_deleting(obj: Mapping[str, Any]) -> bool:
    """Whether the object has been asked to go."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def controller_of(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """The ownerReference with `controller: true`, or None."""
    return next((o for o in obj["metadata"].get("ownerReferences") or () if o.get("controller")), None)


def owner_reference(owner: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The reference that makes `owner` the controller of an object."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """A condition of `status.conditions` by its type."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == kind), None)


def is_true(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether a condition is there and "True"."""
    return (condition(obj, kind) or {}).get("status") == "True"


def with_condition(conditions: Iterable[Object], new: Object) -> list[Object]:
    """The list with `new` in it; `lastTransitionTime` is kept while the status stays the same."""
    old = list(conditions)
    at = next((i for i, c in enumerate(old) if c["type"] == new["type"]), None)
    if at is None:
        return [*old, {"lastTransitionTime": timestamp(), **new}]
    same = old[at]["status"] == new["status"]
    since = old[at].get("lastTransitionTime") if same else None
    old[at] = {**new, "lastTransitionTime": since or timestamp()}
    return old


def is_finished(pod: Mapping[str, Any]) -> bool:
    """Whether the pod has ended for good: phase Succeeded or Failed."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's Ready condition is true."""
    return is_true(pod, "Ready")
