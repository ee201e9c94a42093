"""The kubelet of all three nodes: pods bound to them become processes, and their status is told.

A pod that is asked to go is ended within its grace period and then deleted with grace 0, as the API asks of a
kubelet. Left out: eviction, static pods, `activeDeadlineSeconds`, ephemeral containers, `exec` and
`port-forward`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import psutil

from meshtutor.embedded.api import Api, Event, Object
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.kubelet import logs
from meshtutor.embedded.kubelet.addresses import Addresses
from meshtutor.embedded.kubelet.clock import Clock
from meshtutor.embedded.kubelet.images import Images
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.kubelet.pod import Pod
from meshtutor.embedded.kubelet.podlogs import PodLogs
from meshtutor.embedded.kubelet.processes import Spawn, Spawner
from meshtutor.embedded.kubelet.quantities import to_bytes
from meshtutor.embedded.kubelet.runtime import Runtime
from meshtutor.embedded.network import Block
from meshtutor.embedded.objects import is_deleting, is_finished
from meshtutor.embedded.recorder import Recorder
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import CONFIG_MAP, NODE, POD, SECRET

log = logging.getLogger(__name__)
_DEFAULT_GRACE: Final = 30.0
_LAB_GRACE: Final = 1.0
_WATCH_SECONDS: Final = 1.0
_NOT_FOUND: Final = 404


class Kubelet:
    """Runs pods, each in a directory of its own below `directory`; `spawn` and `clock` are for tests."""

    def __init__(
        self,
        api: Api,
        block: Block,
        directory: Path,
        images: Images,
        *,
        spawn: Spawn | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._api = api
        self._block = block
        self._directory = directory
        self._spawner = Spawner() if spawn is None else None
        self._informer = Informer(api, NODE, POD, CONFIG_MAP, SECRET)
        self._recorder = Recorder(api, "kubelet")
        self._addresses = Addresses(block)
        self._pods: dict[str, Pod] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        started = spawn or self._spawner
        assert started is not None
        self._runtime = Runtime(images, started, self._recorder, clock or Clock(), self._lookup)
        self.logs = PodLogs(self._pods)

    async def start(self) -> None:
        """Begin to run pods; returns at once."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._spawner is not None:
            await self._spawner.start()
        for work in (self._informer.run(), self._recorder.run(), self._watch_resources()):
            self._begin(work)
        await self._informer.synced()
        self._informer.subscribe(self._notice)

    async def run(self) -> None:
        """Run pods until cancelled, then end them all."""
        await self.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def stop(self, grace: float = _LAB_GRACE) -> None:
        """End all pods side by side and leave no process. The API is not told: the lab goes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(pod.end(grace) for pod in self._pods.values()), return_exceptions=True)
        self._pods.clear()
        if self._spawner is not None:
            await self._spawner.stop()

    @property
    def spawner_pid(self) -> int:
        """The pid of the spawner, 0 where another `spawn` is used."""
        return self._spawner.pid if self._spawner is not None else 0

    def pid(self, namespace: str, pod: str, container: str) -> int:
        """The process of a container, 0 if there is none now; for tests of faults."""
        for one in self._pods.values():
            if (one.place.namespace, one.place.name) == (namespace, pod):
                return next((c.pid for c in one.containers if c.name == container), 0)
        return 0

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            log.error("a task of the kubelet failed", exc_info=failure)

    def _notice(self, event: Event) -> None:
        if event.kind is POD:
            self._notice_pod(event)
        elif event.kind in (CONFIG_MAP, SECRET) and event.type != "DELETED":
            meta = event.object["metadata"]
            for pod in self._pods.values():
                same = pod.place.namespace == meta["namespace"]
                if same and pod.depends_on(event.kind.kind, meta["name"]):
                    pod.refresh()
        elif event.kind is NODE and event.type == "ADDED":
            for obj in self._informer.list(POD):
                self._notice_pod(Event("ADDED", POD, obj))

    def _notice_pod(self, event: Event) -> None:
        obj = event.object
        pod = self._pods.get(obj["metadata"]["uid"])
        if pod is None:
            if event.type != "DELETED" and not is_finished(obj):
                self._admit(obj)
        elif event.type == "DELETED":
            self._begin(self._finish(pod, 0.0, tell=False))
        elif is_deleting(obj):
            if not pod.ending:
                grace = obj["metadata"].get("deletionGracePeriodSeconds")
                self._begin(self._finish(pod, _DEFAULT_GRACE if grace is None else float(grace), tell=True))
        else:
            pod.update(obj)

    def _admit(self, obj: Object) -> None:
        node = self._informer.get(NODE, obj["spec"].get("nodeName") or "")
        if node is None:
            return
        if is_deleting(obj):
            self._begin(self._forget(obj))
            return
        meta = obj["metadata"]
        directory = self._directory / f"{meta['namespace']}_{meta['name']}_{meta['uid']}"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = Place(obj, self._addresses.take(meta["uid"]), directory, node, self._block)
        pod = self._pods[meta["uid"]] = Pod(place, self._runtime, self._write)
        pod.start()

    async def _finish(self, pod: Pod, grace: float, *, tell: bool) -> None:
        if tell:
            await pod.settle()
        await pod.end(grace)
        uid = pod.place.pod["metadata"]["uid"]
        if self._pods.pop(uid, None) is not None:
            self._addresses.release(uid)
        if tell:
            await self._forget(pod.place.pod)

    async def _forget(self, obj: Object) -> None:
        with contextlib.suppress(ApiStatusError):
            await self._informer.delete(obj, grace_seconds=0)

    async def _write(self, obj: Object, status: Object) -> None:
        try:
            await self._informer.update_status({**obj, "status": None}, status)
        except ApiStatusError as refusal:
            level = logging.DEBUG if refusal.code == _NOT_FOUND else logging.WARNING
            log.log(
                level, "the status of pod %s was not written: %s", obj["metadata"]["name"], refusal.message
            )

    async def _watch_resources(self) -> None:
        """Once a second: containers above their memory limit are killed, logs above their bound are cut."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for pod in [*self._pods.values()]:
                for container in pod.containers:
                    if container.pid:
                        logs.trim(pod.place.log(container.name))
                        limit = ((container.spec.get("resources") or {}).get("limits") or {}).get("memory")
                        if limit and _resident(container.pid) > to_bytes(limit):
                            container.kill("OOMKilled")

    def _lookup(self, kind: str, namespace: str, name: str) -> Object | None:
        return self._informer.get(CONFIG_MAP if kind == "ConfigMap" else SECRET, name, namespace)


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds, 0 if it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
