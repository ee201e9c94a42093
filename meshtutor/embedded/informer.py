"""A local copy of some kinds that follows the API, as client-go's shared informer does.

Reads cost no call. Writes go through it, so that a controller sees its own writes at once: without that, a
ReplicaSet reconciled twice before the watch has caught up would create its pods twice (Kubernetes solves the
same problem with "expectations" in pkg/controller/controller_utils.go).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from meshtutor.embedded.api import Api, Event, Object
from meshtutor.embedded.objects import Key, controller_of, key_of, timestamp
from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube.kinds import Kind, kind_of

log = logging.getLogger(__name__)
GONE = 410
_REMEMBERED_DELETIONS = 1000


class Informer:
    """Objects of some kinds as the API has them; objects are shared, deep-copy before changing one."""

    def __init__(self, api: Api, *kinds: Kind) -> None:
        self.api = api
        self._kinds = kinds
        self._objects: dict[Kind, dict[str, dict[str, Object]]] = {kind: {} for kind in kinds}
        self._owned: dict[tuple[Kind, str], set[Key]] = {}
        self._gone: deque[str] = deque(maxlen=_REMEMBERED_DELETIONS)
        self._handlers: list[Callable[[Event], None]] = []
        self._synced = asyncio.Event()

    async def run(self) -> None:
        """Follow the API until cancelled; one that fell behind (410) starts over."""
        while True:
            try:
                await self._follow()
            except ApiStatusError as refusal:
                if refusal.code != GONE:
                    raise

    async def synced(self) -> None:
        """Return once the objects that existed at the start are here."""
        await self._synced.wait()

    def subscribe(self, handler: Callable[[Event], None]) -> None:
        """Call `handler` for each later event, and now for each object already known. It must not block."""
        for kind in self._kinds:
            for obj in self.list(kind):
                handler(Event("ADDED", kind, obj))
        self._handlers.append(handler)

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """One object, or None."""
        return self._objects[kind].get(namespace, {}).get(name)

    def list(self, kind: Kind, namespace: str = "") -> list[Object]:
        """Objects of a kind, of all namespaces when none is named."""
        spaces = self._objects[kind]
        if namespace:
            return [*spaces.get(namespace, {}).values()]
        return [obj for space in spaces.values() for obj in space.values()]

    def owned(self, kind: Kind, uid: str) -> Iterator[Object]:
        """Objects whose controller has this uid; with "" those that have none."""
        for namespace, name in sorted(self._owned.get((kind, uid), ())):
            if obj := self.get(kind, name, namespace):
                yield obj

    async def create(self, obj: Object) -> Object:
        """Create through the API and know it at once."""
        return self._learn(await self.api.create(obj))

    async def update(self, obj: Object) -> Object:
        """Replace through the API and know it at once."""
        return self._learn(await self.api.update(obj))

    async def patch(self, obj: Object, patch: dict[str, Any]) -> Object:
        """Merge-patch through the API and know it at once."""
        kind, (namespace, name) = self._kind(obj), key_of(obj)
        return self._learn(await self.api.patch(kind, name, namespace, patch, type="merge"))

    async def update_status(self, obj: Object, status: Object) -> Object:
        """Replace the status, if it differs; last writer wins, as there is one writer per status."""
        if obj.get("status") == status:
            return obj
        meta = {k: v for k, v in obj["metadata"].items() if k in ("name", "namespace", "uid")}
        body = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, "status": status}
        return self._learn(await self.api.update(body, subresource="status"))

    async def delete(self, obj: Object, grace_seconds: int | None = None) -> None:
        """Delete through the API; until the watch says what became of it, it counts as being deleted."""
        kind, (namespace, name) = self._kind(obj), key_of(obj)
        try:
            await self.api.delete(kind, name, namespace, grace_seconds=grace_seconds)
        except NotFoundError:
            return
        held = self.get(kind, name, namespace)
        if held is not None and held["metadata"]["uid"] == obj["metadata"]["uid"]:
            meta = {"deletionTimestamp": timestamp(), **held["metadata"]}
            self._objects[kind][namespace][name] = {**held, "metadata": meta}

    async def _follow(self) -> None:
        listing: set[tuple[Kind, Key]] | None = set()
        async for event in self.api.watch(*self._kinds):
            if event.type == "BOOKMARK":
                self._drop_all_but(listing or set())
                listing = None
                self._synced.set()
                continue
            if listing is not None:
                listing.add((event.kind, key_of(event.object)))
            self._take(event)
            self._tell(event)

    def _drop_all_but(self, present: set[tuple[Kind, Key]]) -> None:
        """What is known but was not listed went while this informer was behind."""
        for kind in self._kinds:
            for obj in self.list(kind):
                if (kind, key_of(obj)) not in present and self._synced.is_set():
                    gone = Event("DELETED", kind, obj)
                    self._take(gone)
                    self._tell(gone)

    def _kind(self, obj: Object) -> Kind:
        kind = kind_of(obj, self._kinds)
        assert kind is not None, f"this informer does not follow {obj.get('kind')!r}"
        return kind

    def _learn(self, obj: Object) -> Object:
        """Take the answer to a write of our own, unless the watch has been faster."""
        kind = kind_of(obj, self._kinds)
        if kind is not None and obj["metadata"]["uid"] not in self._gone:
            self._take(Event("MODIFIED", kind, obj))
        return obj

    def _take(self, event: Event) -> None:
        namespace, name = key_of(event.object)
        held = self.get(event.kind, name, namespace)
        if event.type == "DELETED":
            self._gone.append(event.object["metadata"]["uid"])
            if held is not None and held["metadata"]["uid"] == event.object["metadata"]["uid"]:
                del self._objects[event.kind][namespace][name]
                self._index(event.kind, held, add=False)
            return
        if held is not None:
            if _revision(held) > event.resource_version:
                return
            self._index(event.kind, held, add=False)
        self._objects[event.kind].setdefault(namespace, {})[name] = event.object
        self._index(event.kind, event.object, add=True)

    def _index(self, kind: Kind, obj: Object, *, add: bool) -> None:
        slot = (kind, (controller_of(obj) or {}).get("uid", ""))
        if add:
            self._owned.setdefault(slot, set()).add(key_of(obj))
            return
        keys = self._owned.get(slot, set())
        keys.discard(key_of(obj))
        if not keys:
            self._owned.pop(slot, None)

    def _tell(self, event: Event) -> None:
        for handler in self._handlers:
            try:
                handler(event)
            except Exception:
                log.exception("a handler failed on %s %s", event.type, key_of(event.object))


def _revision(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
