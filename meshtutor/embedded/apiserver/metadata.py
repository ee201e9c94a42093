"""The part of every object that the server owns: uid, timestamps, generation, generated names."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import required
from meshtutor.embedded.apiserver.values import section
from meshtutor.embedded.objects import timestamp

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels, so that no words appear; no digits that look like letters (apimachinery's pkg/util/rand)."""
_SUFFIX = 5
_LONGEST_BASE = 58
_CARRIED: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "name",
                   "namespace", "resourceVersion", "generateName")  # fmt: skip
_OF_THE_SERVER: Final = (
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "resourceVersion",
    "selfLink",
    "generation",
)
FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"


def generate_name(base: str) -> str:
    """A name for `metadata.generateName`."""
    return base[:_LONGEST_BASE] + "".join(secrets.choice(_ALPHABET) for _ in range(_SUFFIX))


def stamp_new(obj: Object) -> None:
    """Give a new object its identity; what its author said about server-owned fields is dropped."""
    meta = section(obj, "metadata")
    for name in _OF_THE_SERVER:
        meta.pop(name, None)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = generate_name(meta["generateName"])
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = timestamp()


def carry_over(meta: dict[str, Any], old: dict[str, Any]) -> None:
    """An update cannot change what the server owns."""
    for name in _CARRIED:
        if name in old:
            meta[name] = old[name]
        else:
            meta.pop(name, None)
    meta.pop("selfLink", None)


def has_generation(obj: Object, *, custom: bool) -> bool:
    """Whether `metadata.generation` counts the changes of this object's spec."""
    return custom or obj["kind"] in ("Pod", "Deployment", "ReplicaSet", "Ingress", "CustomResourceDefinition") or (
        obj["kind"].endswith("WebhookConfiguration")
    )  # fmt: skip


def body_of(obj: Object) -> Object:
    """What a generation counts: all but metadata and status."""
    return {k: v for k, v in obj.items() if k not in ("metadata", "status", "apiVersion")}


def is_finished(obj: Object) -> bool:
    """Whether an object that is being deleted has nothing left to wait for."""
    meta = obj["metadata"]
    waits = meta.get("finalizers") or meta.get("deletionGracePeriodSeconds")
    namespace_waits = obj["kind"] == "Namespace" and (obj.get("spec") or {}).get("finalizers")
    return bool(meta.get("deletionTimestamp")) and not waits and not namespace_waits


NAME_REQUIRED: Final = required("metadata.name", "name or generateName is required")
