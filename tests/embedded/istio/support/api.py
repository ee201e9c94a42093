"""The API as the control plane sees it: one watch, and a revision that counts."""

from __future__ import annotations

import asyncio
import copy
import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

from meshtutor.embedded.api import Event
from meshtutor.kube.kinds import NAMESPACE, Kind, kind_of

Object = dict[str, Any]


class WatchedStore:
    """Objects that can be applied and deleted, and a watch over them."""

    def __init__(self) -> None:
        self._objects: dict[tuple[Kind, str, str], Object] = {}
        self._queues: list[asyncio.Queue[Event]] = []
        self._revisions = itertools.count(1)
        self.revision = 0

    def apply(self, *objects: Object) -> int:
        """Create or replace objects; the store's revision afterwards."""
        for obj in objects:
            kind = kind_of(obj)
            assert kind is not None, obj
            key = (kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            kept = self._commit(obj)
            self._tell(Event("MODIFIED" if key in self._objects else "ADDED", kind, kept, time.monotonic()))
            self._objects[key] = kept
        return self.revision

    def delete(self, *objects: Object) -> int:
        for obj in objects:
            kind = kind_of(obj)
            assert kind is not None
            del self._objects[kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]]
            self._tell(Event("DELETED", kind, self._commit(obj), time.monotonic()))
        return self.revision

    async def newest(self, *kinds: Kind) -> int:
        return self.revision

    async def watch(self, *kinds: Kind) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        for (kind, _, _), obj in self._objects.items():
            queue.put_nowait(Event("ADDED", kind, obj, time.monotonic()))
        mark = {"metadata": {"resourceVersion": str(self.revision)}}
        queue.put_nowait(Event("BOOKMARK", NAMESPACE, mark))
        self._queues.append(queue)
        while True:
            event = await queue.get()
            if event.kind in kinds:
                yield event

    def _commit(self, obj: Object) -> Object:
        self.revision = next(self._revisions)
        kept = copy.deepcopy(obj)
        kept["metadata"]["resourceVersion"] = str(self.revision)
        return kept

    def _tell(self, event: Event) -> None:
        for queue in self._queues:
            queue.put_nowait(event)
