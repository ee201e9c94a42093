"""Who owns whom: an index of `metadata.ownerReferences`, so that a cascade costs no search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from meshtutor.embedded.api import Object
from meshtutor.kube.kinds import Kind


class Place(NamedTuple):
    """Where an object is in the store."""

    kind: Kind
    namespace: str
    name: str


def place_of(kind: Kind, obj: Mapping[str, Any]) -> Place:
    """The place of an object."""
    return Place(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def references(obj: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The owner references of an object, or of none."""
    return (obj or {}).get("metadata", {}).get("ownerReferences") or []


class Owners:
    """Kept up to date by the registry with every commit."""

    def __init__(self) -> None:
        self._dependents: dict[str, dict[Place, None]] = {}
        self._alive: dict[str, Place] = {}

    def put(self, place: Place, obj: Object, old: Object | None) -> None:
        """An object is there, or has changed."""
        self._alive[obj["metadata"]["uid"]] = place
        if references(old) != references(obj):
            self._unlink(place, old)
            for owner in references(obj):
                self._dependents.setdefault(owner["uid"], {})[place] = None

    def remove(self, place: Place, obj: Object) -> None:
        """An object is gone."""
        self._alive.pop(obj["metadata"]["uid"], None)
        self._unlink(place, obj)

    def dependents(self, uid: str) -> list[Place]:
        """The places of the objects that name `uid` as an owner."""
        return list(self._dependents.get(uid, ()))

    def place(self, uid: str) -> Place | None:
        """Where the object with this uid is, if it is."""
        return self._alive.get(uid)

    def _unlink(self, place: Place, obj: Object | None) -> None:
        for owner in references(obj):
            places = self._dependents.get(owner["uid"], {})
            places.pop(place, None)
            if not places:
                self._dependents.pop(owner["uid"], None)
