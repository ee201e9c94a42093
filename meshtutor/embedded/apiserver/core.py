"""What all verbs share: the store with its indexes, the table of resources, the strategies, the commit."""

from __future__ import annotations

from collections.abc import Callable

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.admission import Mutator, Validator
from meshtutor.embedded.apiserver.definitions import resource_of
from meshtutor.embedded.apiserver.owners import Owners, place_of
from meshtutor.embedded.apiserver.resources import Resource, Resources
from meshtutor.embedded.apiserver.schema.builtin import built_in_schema
from meshtutor.embedded.apiserver.statuses import conflict, not_found, refusal
from meshtutor.embedded.apiserver.store import Store
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.table import strategies
from meshtutor.embedded.network import Block
from meshtutor.kube.kinds import CRD, NAMESPACE

_PLAIN = Strategy()


class Core:
    """Synchronous; so a check followed by a commit is atomic on the one loop."""

    def __init__(self, block: Block, window: int) -> None:
        self.store = Store(window)
        self.owners = Owners()
        self.resources = Resources(built_in_schema)
        self.mutators: list[Mutator] = []
        self.validators: list[Validator] = []
        self.removed: list[Callable[[Resource, Object], None]] = []
        """Called with each object that has left the store."""
        self._strategies = strategies(block, self.store)

    def strategy(self, resource: Resource) -> Strategy:
        """What Kubernetes does for this kind."""
        return self._strategies.get(resource.key, _PLAIN)

    def find(self, resource: Resource, namespace: str, name: str) -> Object:
        """The object, or 404."""
        found = self.store.get(resource.kind, namespace if resource.kind.namespaced else "", name)
        if found is None:
            raise not_found(resource.kind, name)
        return found

    def namespace_of(self, resource: Resource, obj: Object) -> Object | None:
        """The Namespace that a new object is to live in, or 404; None for cluster-scoped kinds."""
        meta = obj["metadata"]
        if not resource.kind.namespaced:
            meta.pop("namespace", None)
            return None
        name = meta.setdefault("namespace", "default") or "default"
        meta["namespace"] = name
        found = self.store.get(NAMESPACE, "", name)
        if found is None:
            raise not_found(NAMESPACE, name)
        return found

    def commit(self, resource: Resource, obj: Object, old: Object | None) -> Object:
        """Store a new state; 409 if the old state it was derived from is no longer the current one."""
        place = place_of(resource.kind, obj)
        if self.store.get(resource.kind, place.namespace, place.name) is not old:
            raise conflict(resource.kind, place.name)
        self.owners.put(place, obj, old)
        self.store.put(resource.kind, obj)
        if resource.kind.resource == CRD.resource:
            self.resources.add(resource_of(obj))
        return obj

    def remove(self, resource: Resource, obj: Object) -> Object:
        """Take an object out of the store for good."""
        self.owners.remove(place_of(resource.kind, obj), obj)
        last = self.store.remove(resource.kind, obj)
        for told in self.removed:
            told(resource, last)
        return last


def version_of(text: str) -> int:
    """A resourceVersion as a number, or 400."""
    if not text.isdecimal():
        raise refusal(400, "BadRequest", f'invalid resource version "{text}"')
    return int(text)
