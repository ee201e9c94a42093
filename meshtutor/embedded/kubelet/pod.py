"""One pod on a node: volumes, init containers, containers, status, end.

Containers start together; those of init run before, one after the other. The status is written once per turn
of the event loop in which something changed, not once per change. A pod that goes: the app's containers get
SIGTERM first, the sidecar when they have ended, as Istio's proxy outlives its app; a moment passes before, so
that EndpointSlices and proxies have taken the pod out (on a real cluster the container runtime takes longer
than that).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet.container import Container
from meshtutor.embedded.kubelet.place import Place, proxy_role
from meshtutor.embedded.kubelet.runtime import Runtime
from meshtutor.embedded.kubelet.status import ContainerState, in_one_line, pod_status, waiting
from meshtutor.embedded.kubelet.volumes import materialise, references
from meshtutor.embedded.objects import timestamp
from meshtutor.errors import MeshtutorError

log = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 0.1
_PROXY_GRACE_SECONDS: Final = 5.0
_LAST_SECONDS: Final = 2.0

Write = Callable[[Object, Object], Awaitable[None]]
"""Writes (pod, status)."""


class Pod:
    """Runs one pod until it is ended. `write` reports its status."""

    def __init__(self, place: Place, runtime: Runtime, write: Write) -> None:
        self.place = place
        self._runtime = runtime
        self._write = write
        self._since = timestamp()
        self._dirty = asyncio.Event()
        self._ending = asyncio.Event()
        spec = place.pod["spec"]
        self._init = [self._make(c, init=True) for c in spec.get("initContainers") or ()]
        self._main = [self._make(c) for c in spec["containers"]]
        self._work: asyncio.Task[None] | None = None
        self._reporter: asyncio.Task[None] | None = None

    @property
    def containers(self) -> list[Container]:
        """All containers, those of init first."""
        return [*self._init, *self._main]

    @property
    def states(self) -> list[ContainerState]:
        """Their states."""
        return [c.state for c in self.containers]

    @property
    def ending(self) -> bool:
        """Whether it is being ended."""
        return self._ending.is_set()

    def start(self) -> None:
        """Begin to run."""
        self._dirty.set()
        self._reporter = asyncio.create_task(self._report(), name=f"status {self.place.name}")
        self._work = asyncio.create_task(self._run(), name=f"pod {self.place.name}")

    def update(self, pod: Object) -> None:
        """The pod's object has changed: labels for the downward API, or a container's image."""
        if pod["metadata"].get("labels") != self.place.pod["metadata"].get("labels"):
            self.place = replace(self.place, pod=pod)
            self.refresh()
        images = {c["name"]: c for c in pod["spec"]["containers"]}
        for container in self._main:
            fresh = images.get(container.name)
            if fresh is not None and fresh["image"] != container.spec["image"]:
                container.restart(fresh)

    def depends_on(self, kind: str, name: str) -> bool:
        """Whether a volume is made of this ConfigMap or Secret."""
        return (kind, name) in references(self.place.pod)

    def refresh(self) -> None:
        """Write volumes again; what cannot be had any more stays as it is."""
        with contextlib.suppress(MeshtutorError):
            materialise(self.place, self._lookup)

    async def end(self, grace: float) -> None:
        """Stop all containers within `grace` seconds and remove the pod's directory; asked again, at once."""
        if self._ending.is_set():
            for container in self.containers:
                container.kill("")
            return
        self._ending.set()
        await self._stop(grace)
        for task in (self._work, self._reporter):
            if task is not None:
                if task is self._work:
                    await asyncio.wait([task], timeout=_LAST_SECONDS)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        shutil.rmtree(self.place.directory, ignore_errors=True)

    async def settle(self) -> None:
        """The moment between the order to go and its execution."""
        if any(c.pid for c in self._main):
            await asyncio.sleep(_SETTLE_SECONDS)

    def _make(self, spec: Object, *, init: bool = False) -> Container:
        return Container(spec, self.place, self._runtime, self._dirty.set, init=init)

    async def _stop(self, grace: float) -> None:
        self._tell_killing()
        proxies = [c for c in self._main if proxy_role(c.spec)]
        others = [c for c in self.containers if c not in proxies]
        await asyncio.gather(*(c.stop(grace) for c in others))
        await asyncio.gather(*(c.stop(min(grace, _PROXY_GRACE_SECONDS)) for c in proxies))

    def _tell_killing(self) -> None:
        host = self.place.pod["spec"].get("nodeName", "")
        for container in self._main:
            if container.pid:
                message = f"Stopping container {container.name}"
                self._runtime.recorder.normal(
                    self.place.pod, "Killing", message, container=container.name, host=host
                )

    async def _run(self) -> None:
        try:
            if not self._refused():
                await self._live()
        except Exception:
            log.exception("pod %s cannot be run", self.place.name)

    def _refused(self) -> bool:
        """Whether the pod asks for what is not there: a sidecar among the init containers."""
        for container in self._init:
            if container.spec.get("restartPolicy"):
                message = (
                    f"initContainers[{container.name}].restartPolicy (a native sidecar) is not implemented in the "
                    "embedded cluster. Make it one of the pod's containers."
                )
                container.state.state = waiting("CreateContainerConfigError", message)
                host = self.place.pod["spec"].get("nodeName", "")
                self._runtime.recorder.warning(self.place.pod, "Failed", f"Error: {message}", host=host)
                self._dirty.set()
                return True
        return False

    async def _live(self) -> None:
        for name in ("home", "tmp"):
            (self.place.directory / name).mkdir(parents=True, exist_ok=True)
        await self._mount()
        for container in self._init:
            await container.run()
            if not container.state.ended or container.state.ended["exitCode"]:
                return
        await asyncio.gather(*(c.run() for c in self._main))

    async def _mount(self) -> None:
        while not self.ending:
            try:
                materialise(self.place, self._lookup)
            except (MeshtutorError, OSError) as failure:
                host = self.place.pod["spec"].get("nodeName", "")
                message = f"MountVolume.SetUp failed: {in_one_line(failure)}"
                self._runtime.recorder.warning(self.place.pod, "FailedMount", message, host=host)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), self._runtime.clock.real(_RETRY_SECONDS))
            else:
                return

    async def _report(self) -> None:
        """Write the status after each turn in which it changed."""
        held: Mapping[str, Any] = self.place.pod.get("status") or {}
        while True:
            await self._dirty.wait()
            await asyncio.sleep(0)
            self._dirty.clear()
            status = pod_status(self.place, self.states, self._since, held)
            if status != held:
                held = status
                await self._write(self.place.pod, status)

    def _lookup(self, kind: str, name: str) -> Object | None:
        return self._runtime.lookup(kind, self.place.namespace, name)
