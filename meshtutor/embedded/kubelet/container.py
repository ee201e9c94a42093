"""One container of a pod: started, probed, restarted with back-off, ended.

States, reasons and events are those that kubelet shows (pkg/kubelet/kuberuntime,
pkg/kubelet/events/event.go): ContainerCreating, ErrImagePull and ImagePullBackOff,
CreateContainerConfigError, CrashLoopBackOff, Completed, Error, OOMKilled. Memory is watched once a second
instead of by a control group; `limits.memory` exceeded means SIGKILL.

Left out: `lifecycle` hooks (refused with a FailedPostStartHook or FailedPreStopHook event), `stdin`, `tty`,
`securityContext`, CPU limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet import logs
from meshtutor.embedded.kubelet.backoff import Backoff
from meshtutor.embedded.kubelet.instance import Instance, launch
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.kubelet.probes import Probe
from meshtutor.embedded.kubelet.probing import Reactions
from meshtutor.embedded.kubelet.processes import Exit
from meshtutor.embedded.kubelet.runtime import Runtime
from meshtutor.embedded.kubelet.status import ContainerState, in_one_line, terminated, waiting
from meshtutor.embedded.objects import timestamp
from meshtutor.errors import LabError, MeshtutorError

_RETRY_SECONDS: Final = 2.0
_START_ERROR: Final = 128


class Container:
    """Keeps one container of a pod as its restart policy asks; calls `changed` when its state has changed."""

    def __init__(
        self, spec: Object, place: Place, runtime: Runtime, changed: Callable[[], None], *, init: bool = False
    ) -> None:
        self.spec = spec
        self.state = ContainerState(spec["name"], spec["image"], init)
        self._place = place
        self._runtime = runtime
        self._changed = changed
        self._policy = place.pod["spec"].get("restartPolicy") or "Always"
        self._backoff = Backoff()
        self._stopping = False
        self._poked = asyncio.Event()
        self._instance: Instance | None = None
        self._verdict = ""

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    @property
    def pid(self) -> int:
        """The pid of its process, 0 while there is none."""
        return self._instance.pid if self._instance is not None else 0

    async def run(self) -> None:
        """Run it until it has ended for good or is stopped."""
        self._refuse_hooks()
        while not self._stopping:
            if not await self._attempt() or not self._restarts():
                return
            ended = self._runtime.clock.now()
            if wait := self._backoff.next(ended):
                self._tell_backoff(wait)
                await self._pause(wait)
            if not self._stopping:
                self.state.restarts += 1

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds; returns when it has ended."""
        self._stopping = True
        self._poked.set()
        if self._instance is not None:
            await self._instance.end(grace, self._runtime.clock)

    def restart(self, spec: Object) -> None:
        """The container's image has changed: end this run; the next one is of the new image."""
        self.spec, self.state.image = spec, spec["image"]
        self._tell("Killing", f"Container {self.name} definition changed, will be restarted")
        self._kill("")
        self._poked.set()

    def kill(self, reason: str) -> None:
        """End this run at once; `reason` is what the state shows, e.g. OOMKilled."""
        self._verdict = reason
        if self._instance is not None:
            self._instance.signal(signal.SIGKILL)

    # -- one run --------------------------------------------------------------------------------------------------

    async def _attempt(self) -> bool:
        """Start it and wait for its end; False if it was stopped before it could start."""
        instance = await self._started()
        if instance is None:
            return not self._stopping and self.state.ended is not None
        self._instance, self._verdict = instance, ""
        if self._stopping:  # it was stopped while it was being started
            instance.end_soon(0.0, self._runtime.clock)
        since = timestamp()
        self.state.pid, self.state.state = instance.pid, {"running": {"startedAt": since}}
        self._announce_start()
        prober = asyncio.create_task(instance.probe(self._reactions(), self._runtime.clock))
        self._changed()
        try:
            end = await instance.wait()
        finally:
            prober.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await prober
            self._instance = None
        self._finish(end, since)
        return True

    async def _started(self) -> Instance | None:
        """A running instance, or None: the state then says why, or it was stopped."""
        while not self._stopping:
            try:
                image = self._runtime.images.find(self.spec["image"])
            except MeshtutorError as unknown:
                await self._await_other_image(unknown)
                continue
            path = self._place.log(self.name)
            logs.rotate(path, self._place.log(self.name, previous=True))
            try:
                return await launch(image, self.spec, self._place, self._runtime)
            except LabError as failure:
                self._finish_unstarted(failure)
                return None
            except (MeshtutorError, OSError) as missing:
                self._wait("CreateContainerConfigError", in_one_line(missing))
                self._warn("Failed", f"Error: {in_one_line(missing)}")
                await self._pause(_RETRY_SECONDS)
        return None

    async def _await_other_image(self, unknown: MeshtutorError) -> None:
        image, why = self.spec["image"], in_one_line(unknown)
        self._warn("Failed", f'Failed to pull image "{image}": {why}')
        self._warn("Failed", "Error: ErrImagePull")
        self._wait("ErrImagePull", why)
        await self._pause(_RETRY_SECONDS)
        self._tell("BackOff", f'Back-off pulling image "{image}"')
        self._wait("ImagePullBackOff", f'Back-off pulling image "{image}": {why}')
        while self.spec["image"] == image and not self._stopping:
            await self._pause(_RETRY_SECONDS)

    def _announce_start(self) -> None:
        image = self.spec["image"]
        self._tell("Pulled", f'Container image "{image}" already present on machine')
        self._tell("Created", f"Created container: {self.name}")
        self._tell("Started", f"Started container {self.name}")

    def _finish(self, end: Exit, since: str) -> None:
        killed = {"OOMKilled": "OOMKilled"}.get(self._verdict)
        reason = killed or ("Completed" if end.exit_code == 0 else "Error")
        self._set_ended(terminated(end.exit_code, reason, since, number=end.signal))

    def _finish_unstarted(self, failure: LabError) -> None:
        self._warn("Failed", f"Error: {failure.message}")
        self._set_ended(terminated(_START_ERROR, "StartError", "", failure.message))

    def _set_ended(self, state: dict[str, Any]) -> None:
        self.state.ready = self.state.started = False
        self.state.state = state
        if self._restarts() and not self._stopping:
            self.state.last = state
        self._changed()

    # -- restarts -------------------------------------------------------------------------------------------------

    def _restarts(self) -> bool:
        failed = self.state.ended is not None and self.state.ended["exitCode"] != 0
        if self.state.init:
            return failed and self._policy != "Never"
        return self._policy == "Always" or (failed and self._policy == "OnFailure")

    def _tell_backoff(self, seconds: float) -> None:
        meta = self._place.pod["metadata"]
        pod = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        self._warn("BackOff", f"Back-off restarting failed container {self.name} in pod {pod}")
        self._wait(
            "CrashLoopBackOff", f"back-off {seconds:g}s restarting failed container={self.name} pod={pod}"
        )

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until it is stopped or given another image."""
        if not self._stopping:
            self._poked.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._poked.wait(), self._runtime.clock.real(seconds))

    # -- answers of probes ----------------------------------------------------------------------------------------

    def _reactions(self) -> Reactions:
        return Reactions(self._on_started, self._on_ready, self._on_unhealthy, self._on_dead)

    def _on_started(self) -> None:
        self.state.started = True
        self._changed()

    def _on_ready(self, ready: bool) -> None:
        if self.state.ready != ready:
            self.state.ready = ready
            self._changed()

    def _on_unhealthy(self, probe: Probe, failure: str) -> None:
        self._warn("Unhealthy", f"{probe.kind} probe failed: {failure}")

    def _on_dead(self, probe: Probe) -> None:
        message = f"Container {self.name} failed {probe.kind.lower()} probe, will be restarted"
        self._tell("Killing", message)
        self._kill(probe.kind)

    def _kill(self, verdict: str) -> None:
        self._verdict = verdict
        if self._instance is not None:
            grace = float(self._place.pod["spec"].get("terminationGracePeriodSeconds") or 0)
            self._instance.end_soon(grace, self._runtime.clock)

    # -- telling --------------------------------------------------------------------------------------------------

    def _wait(self, reason: str, message: str) -> None:
        self.state.state = waiting(reason, message)
        self.state.ready = self.state.started = False
        self._changed()

    def _refuse_hooks(self) -> None:
        for hook in self.spec.get("lifecycle") or ():
            name = hook[0].upper() + hook[1:]
            message = f"lifecycle.{hook} is not implemented in the embedded cluster and is not run"
            self._warn(f"Failed{name}Hook", message)

    def _tell(self, reason: str, message: str) -> None:
        host = self._place.pod["spec"].get("nodeName", "")
        self._runtime.recorder.normal(self._place.pod, reason, message, container=self.name, host=host)

    def _warn(self, reason: str, message: str) -> None:
        host = self._place.pod["spec"].get("nodeName", "")
        self._runtime.recorder.warning(self._place.pod, reason, message, container=self.name, host=host)
