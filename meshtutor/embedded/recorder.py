"""Events, as `kubectl describe` and `kubectl get events` show them.

Equal events of an object (type, reason, message) become one with a count, as client-go's event correlator
does (client-go tools/record/events_cache.go). They are written a moment later by one task, so that what
happens is never slowed by the telling of it, and only the newest `_KEPT` of a recorder are kept: Kubernetes
drops them after an hour.

Left out: rate limits per object (counting bounds the number of objects, writing is already batched).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from meshtutor.embedded.api import Api, Object
from meshtutor.embedded.objects import timestamp
from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube.kinds import EVENT

log = logging.getLogger(__name__)
_KEPT = 500
_BATCH_SECONDS = 0.2
_Sort = tuple[str, str, str, str, str]


@dataclass
class _Sighting:
    body: Object
    count: int = 1
    written: bool = False


class _Where(NamedTuple):
    container: str
    host: str


class Recorder:
    """Writes the events of one component, e.g. "kubelet"."""

    def __init__(self, api: Api, component: str) -> None:
        self._api = api
        self._component = component
        self._seen: OrderedDict[_Sort, _Sighting] = OrderedDict()
        self._pending: dict[_Sort, None] = {}
        self._wake = asyncio.Event()
        self._last = 0

    def normal(
        self, obj: Mapping[str, Any], reason: str, message: str, *, container: str = "", host: str = ""
    ) -> None:
        """Something went as it should."""
        self._record(obj, "Normal", reason, message, _Where(container, host))

    def warning(
        self, obj: Mapping[str, Any], reason: str, message: str, *, container: str = "", host: str = ""
    ) -> None:
        """Something went wrong."""
        self._record(obj, "Warning", reason, message, _Where(container, host))

    async def run(self) -> None:
        """Write what was recorded until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_BATCH_SECONDS)
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what is pending now."""
        pending, self._pending = [*self._pending], {}
        for sort in pending:
            if sighting := self._seen.get(sort):
                await self._write(sighting)
        while len(self._seen) > _KEPT:
            _, old = self._seen.popitem(last=False)
            await self._forget(old)

    def _record(self, obj: Mapping[str, Any], kind: str, reason: str, message: str, where: _Where) -> None:
        sort = (obj["metadata"]["uid"], where.container, kind, reason, message)
        if sighting := self._seen.get(sort):
            sighting.count += 1
            sighting.body["count"] = sighting.count
            sighting.body["lastTimestamp"] = timestamp()
            self._seen.move_to_end(sort)
        else:
            what = {"type": kind, "reason": reason, "message": message}
            self._seen[sort] = _Sighting({**self._body(obj, where), **what})
        self._pending[sort] = None
        self._wake.set()

    def _stamp(self) -> int:
        """Nanoseconds since the epoch, never the same twice: names sort in the order of events."""
        self._last = max(self._last + 1, time.time_ns())
        return self._last

    def _body(self, obj: Mapping[str, Any], where: _Where) -> Object:
        meta = obj["metadata"]
        namespace = meta.get("namespace") or "default"
        involved = {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "name": meta["name"],
            "uid": meta["uid"],
            "resourceVersion": meta.get("resourceVersion", ""),
        }
        if meta.get("namespace"):
            involved["namespace"] = namespace
        if where.container:
            involved["fieldPath"] = f"spec.containers{{{where.container}}}"
        now = timestamp()
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name']}.{self._stamp():x}", "namespace": namespace},
            "involvedObject": involved,
            "source": {"component": self._component, **({"host": where.host} if where.host else {})},
            "reportingComponent": self._component,
            "reportingInstance": where.host,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }

    async def _write(self, sighting: _Sighting) -> None:
        body = sighting.body
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        try:
            if sighting.written:
                change = {"count": body["count"], "lastTimestamp": body["lastTimestamp"]}
                await self._api.patch(EVENT, name, namespace, change)
            else:
                await self._api.create({**body, "metadata": dict(body["metadata"])})
                sighting.written = True
        except ApiStatusError as refusal:
            # The namespace may be going; an event is never worth more than a line in the log.
            log.debug("event %s/%s was not written: %s", namespace, name, refusal.message)

    async def _forget(self, sighting: _Sighting) -> None:
        meta = sighting.body["metadata"]
        if sighting.written:
            try:
                await self._api.delete(EVENT, meta["name"], meta["namespace"])
            except NotFoundError:
                return
