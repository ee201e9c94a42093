"""Delete, and what follows from it: grace, finalizers, dependents, the contents of a namespace.

The cascade over `ownerReferences` is done here, at once, in place of kube-controller-manager's garbage collector
(there is none in controllers/): Background (the default) removes the owner, then its dependents; Foreground keeps the
owner until its dependents are gone; Orphan cuts the references. An object whose owners were all gone before it was
created is removed as soon as it appears. A Namespace is emptied before it goes.

A Pod bound to a node and not finished gets a deletionTimestamp; the kubelet ends it by a delete with grace 0.
Source: the documentation pages "Garbage Collection" and "Finalizers"; registry/generic/registry/store.go.
"""

from __future__ import annotations

import asyncio
import time

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.admission import Request, validate
from meshtutor.embedded.apiserver.core import Core
from meshtutor.embedded.apiserver.metadata import FOREGROUND, ORPHAN, is_finished
from meshtutor.embedded.apiserver.options import DeleteOptions, Propagation
from meshtutor.embedded.apiserver.owners import Place, references
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.statuses import conflict, forbidden
from meshtutor.embedded.objects import is_finished as has_ended
from meshtutor.embedded.objects import timestamp
from meshtutor.kube.kinds import CRD, NAMESPACE, POD

_IMMORTAL = ("default", "kube-system", "kube-public")


class Deleter:
    """Deletes objects of one registry."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.removed.append(self._after)

    def delete(self, resource: Resource, obj: Object, options: DeleteOptions) -> tuple[Object, bool]:
        """Delete; answers the last state and whether it is gone already."""
        self._preconditions(resource, obj, options)
        space = self._core.store.get(NAMESPACE, "", obj["metadata"].get("namespace", ""))
        request = Request(resource.kind, "DELETE", obj, obj, space, options.dry_run)
        validate(self._core.validators, request)
        if options.dry_run:
            return obj, True
        return self._delete(resource, obj, options.grace_seconds, options.propagation or "Background")

    def sweep(self, resource: Resource, obj: Object) -> None:
        """Remove a new object whose owners are all gone, once whoever made it has had the answer."""
        owners = references(obj)
        if owners and not any(self._core.owners.place(owner["uid"]) for owner in owners):
            asyncio.get_running_loop().call_soon(self._delete_place, _place(resource, obj), "Background")

    def _preconditions(self, resource: Resource, obj: Object, options: DeleteOptions) -> None:
        meta, kind = obj["metadata"], resource.kind
        if options.uid and options.uid != meta["uid"]:
            why = (
                f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {meta['uid']}"
            )
            raise conflict(kind, meta["name"], why)
        if options.resource_version and options.resource_version != meta["resourceVersion"]:
            raise conflict(kind, meta["name"])
        if kind.resource == NAMESPACE.resource and meta["name"] in _IMMORTAL:
            raise forbidden(kind, meta["name"], "this namespace may not be deleted")

    def _delete(
        self, resource: Resource, obj: Object, grace: int | None, propagation: Propagation
    ) -> tuple[Object, bool]:
        finalizers = list(obj["metadata"].get("finalizers") or ())
        if propagation == "Foreground" and FOREGROUND not in finalizers and self._dependents(obj):
            finalizers.append(FOREGROUND)
        dying = _dying(resource, obj, _grace(resource, obj, grace), finalizers)
        if propagation == "Orphan":
            self._orphan(obj)
        if is_finished(dying):
            return self._core.remove(resource, obj), True
        if dying != obj:
            self._core.commit(resource, dying, obj)
        if FOREGROUND in finalizers:
            for place in self._dependents(obj):
                self._delete_place(place, "Foreground")
        if resource.kind.resource == NAMESPACE.resource:
            self._empty(obj["metadata"]["name"])
        left = self._core.store.get(
            resource.kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        )
        return left or dying, left is None

    def _delete_place(self, place: Place, propagation: Propagation) -> None:
        obj = self._core.store.get(place.kind, place.namespace, place.name)
        if obj is not None:
            self._delete(self._core.resources.of(place.kind), obj, None, propagation)

    def _dependents(self, obj: Object) -> list[Place]:
        return self._core.owners.dependents(obj["metadata"]["uid"])

    def _orphan(self, obj: Object) -> None:
        for place in self._dependents(obj):
            self._cut(place, obj["metadata"]["uid"])

    def _cut(self, place: Place, uid: str) -> None:
        """Take one owner out of an object's references."""
        old = self._core.store.get(place.kind, place.namespace, place.name)
        if old is not None:
            rest = [owner for owner in references(old) if owner["uid"] != uid]
            meta = {**old["metadata"], "ownerReferences": rest}
            if not rest:
                del meta["ownerReferences"]
            self._core.commit(self._core.resources.of(place.kind), {**old, "metadata": meta}, old)

    def _after(self, resource: Resource, gone: Object) -> None:
        """What follows from the removal of an object."""
        uid = gone["metadata"]["uid"]
        for place in self._core.owners.dependents(uid):
            obj = self._core.store.get(place.kind, place.namespace, place.name)
            if any(self._core.owners.place(owner["uid"]) for owner in references(obj)):
                self._cut(place, uid)
            else:
                self._delete_place(place, "Background")
        for owner in references(gone):
            self._release(owner["uid"])
        if resource.kind.resource == CRD.resource:
            self._retire(gone)
        if space := gone["metadata"].get("namespace"):
            self._finish_namespace(space)

    def _release(self, uid: str) -> None:
        """An owner that waited in the foreground goes when its last dependent has gone."""
        place = self._core.owners.place(uid)
        if place is None or self._core.owners.dependents(uid):
            return
        owner = self._core.store.get(place.kind, place.namespace, place.name)
        if owner and FOREGROUND in (owner["metadata"].get("finalizers") or ()):
            resource = self._core.resources.of(place.kind)
            rest = [f for f in owner["metadata"]["finalizers"] if f != FOREGROUND]
            freed = self._core.commit(resource, _with_finalizers(owner, rest), owner)
            if is_finished(freed):
                self._core.remove(resource, freed)

    def _retire(self, definition: Object) -> None:
        """A kind goes with its definition, and its objects with it."""
        spec = definition["spec"]
        key = f"{spec['names']['plural']}.{spec['group']}"
        resource = next((r for r in self._core.resources if r.key == key), None)
        if resource is not None:
            for obj in self._core.store.objects(resource.kind):
                self._core.remove(resource, obj)
            self._core.resources.discard(key)

    def _empty(self, space: str) -> None:
        for resource in [r for r in self._core.resources if r.kind.namespaced]:
            for obj in self._core.store.objects(resource.kind, space):
                self._delete_place(_place(resource, obj), "Background")
        self._finish_namespace(space)

    def _finish_namespace(self, space: str) -> None:
        """A namespace that is being deleted goes when it is empty and its own finalizer has been served."""
        obj = self._core.store.get(NAMESPACE, "", space)
        if obj is None or not obj["metadata"].get("deletionTimestamp"):
            return
        if any(self._core.store.objects(r.kind, space) for r in self._core.resources if r.kind.namespaced):
            return
        resource = self._core.resources.of(NAMESPACE)
        emptied = self._core.commit(resource, {**obj, "metadata": {**obj["metadata"]}, "spec": {}}, obj)
        if is_finished(emptied):
            self._core.remove(resource, emptied)


def _place(resource: Resource, obj: Object) -> Place:
    return Place(resource.kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _grace(resource: Resource, obj: Object, asked: int | None) -> int:
    """Seconds a Pod has to end by itself; 0 for everything else, and for a pod that no kubelet runs."""
    if resource.kind.resource != POD.resource:
        return 0
    spec, held = obj["spec"], obj["metadata"].get("deletionGracePeriodSeconds")
    if not spec.get("nodeName") or has_ended(obj):
        return 0
    wanted = spec.get("terminationGracePeriodSeconds", 30) if asked is None else max(asked, 0)
    return min(held, wanted) if held is not None else wanted


def _dying(resource: Resource, obj: Object, grace: int, finalizers: list[str]) -> Object:
    """The object with the marks of its deletion; the object itself if it bears them already."""
    held = obj["metadata"]
    meta = {**held, "deletionGracePeriodSeconds": grace}
    if "deletionTimestamp" not in held or held.get("deletionGracePeriodSeconds") != grace:
        meta["deletionTimestamp"] = timestamp(time.time() + grace)
    if "generation" in held and "deletionTimestamp" not in held:
        meta["generation"] = held["generation"] + 1
    dying = _with_finalizers({**obj, "metadata": meta}, [f for f in finalizers if f != ORPHAN])
    if resource.kind.resource == NAMESPACE.resource:
        dying["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    return dying


def _with_finalizers(obj: Object, finalizers: list[str]) -> Object:
    meta = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    return {**obj, "metadata": {**meta, "finalizers": finalizers} if finalizers else meta}
