"""Objects, one counter of revisions for all of them, and the log of changes that watches read.

As in etcd every write is one revision. Each resource keeps its last `window` changes; a watcher is nothing but a
position among them, so a slow one costs no memory and learns by 410 Expired that it has to list again, and busy
kinds do not shorten the history of quiet ones.

Objects are immutable once put: readers share them. Everything here is synchronous, which is what makes a
check followed by a put atomic.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from itertools import takewhile
from typing import Literal, NamedTuple

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import expired
from meshtutor.kube.kinds import Kind

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
_WINDOW = 1000


class Change(NamedTuple):
    """One write. `old` is the object before it, so that a watch with a selector sees objects leave its selection."""

    revision: int
    type: ChangeType
    kind: Kind
    object: Object
    old: Object | None
    time: float


class _Log:
    """The last changes of one resource; `evicted` is the revision of the newest one forgotten."""

    def __init__(self, window: int) -> None:
        self._changes: deque[Change] = deque(maxlen=window)
        self.evicted = 0
        self.readers: set[asyncio.Event] = set()

    def append(self, change: Change) -> None:
        if len(self._changes) == self._changes.maxlen:
            self.evicted = self._changes[0].revision
        self._changes.append(change)
        for event in self.readers:
            event.set()

    @property
    def newest(self) -> int:
        """The revision of the last change, 0 before the first."""
        return self._changes[-1].revision if self._changes else 0

    def after(self, revision: int) -> list[Change]:
        """Newest first; the walk ends at what the reader knows."""
        return list(takewhile(lambda change: change.revision > revision, reversed(self._changes)))


class Store:
    """All objects, by resource, namespace and name."""

    def __init__(self, window: int = _WINDOW) -> None:
        self.revision = 1
        self._window = window
        self._objects: dict[str, dict[str, dict[str, Object]]] = {}
        self._logs: dict[str, _Log] = {}

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._objects.get(kind.resource, {}).get(namespace, {}).get(name)

    def objects(self, kind: Kind, namespace: str = "") -> list[Object]:
        """The objects of a kind in the order of namespace and name; of all namespaces if none is given."""
        spaces = self._objects.get(kind.resource, {})
        chosen = [namespace] if namespace else sorted(spaces)
        return [obj for space in chosen for _, obj in sorted(spaces.get(space, {}).items())]

    def put(self, kind: Kind, obj: Object) -> Object:
        """Take over `obj` (the caller may not change it afterwards) and give it the next revision."""
        meta = obj["metadata"]
        space = self._objects.setdefault(kind.resource, {}).setdefault(meta.get("namespace", ""), {})
        old = space.get(meta["name"])
        space[meta["name"]] = obj
        self._append("MODIFIED" if old else "ADDED", kind, obj, old)
        return obj

    def remove(self, kind: Kind, obj: Object) -> Object:
        """Take the object out; what is answered has the revision of its deletion."""
        meta = obj["metadata"]
        space = self._objects[kind.resource][meta.get("namespace", "")]
        old = space.pop(meta["name"])
        if not space:
            del self._objects[kind.resource][meta.get("namespace", "")]
        last = {**obj, "metadata": {**meta}}
        self._append("DELETED", kind, last, old)
        return last

    def changes(self, resources: Iterable[str], since: int) -> list[Change]:
        """The changes of some resources after revision `since`; 410 Expired where the log is too short."""
        logs = [self._log(resource) for resource in resources]
        forgotten = max((log.evicted for log in logs), default=0)
        if since < forgotten or since > self.revision:
            raise expired(f"too old resource version: {since} ({forgotten})")
        return sorted(change for log in logs for change in log.after(since))

    def newest(self, resources: Iterable[str]) -> int:
        """The revision of the last change of some resources, 0 if there was none."""
        return max((self._log(resource).newest for resource in resources), default=0)

    async def follow(self, resources: Iterable[str], since: int) -> AsyncIterator[list[Change]]:
        """Changes after revision `since` as they come, in batches, for ever."""
        wanted = tuple(dict.fromkeys(resources))
        wake = asyncio.Event()
        for resource in wanted:
            self._log(resource).readers.add(wake)
        try:
            while True:
                wake.clear()
                batch = self.changes(wanted, since)
                if batch:
                    since = batch[-1].revision
                    yield batch
                else:
                    await wake.wait()
        finally:
            for resource in wanted:
                self._log(resource).readers.discard(wake)

    def _log(self, resource: str) -> _Log:
        return self._logs.setdefault(resource, _Log(self._window))

    def _append(self, change: ChangeType, kind: Kind, obj: Object, old: Object | None) -> None:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        self._log(kind.resource).append(Change(self.revision, change, kind, obj, old, time.monotonic()))
