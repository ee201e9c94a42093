"""One run of a container: a process, or a coroutine of the lab's own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet import logs
from meshtutor.embedded.kubelet.clock import Clock
from meshtutor.embedded.kubelet.environment import environment, expand
from meshtutor.embedded.kubelet.images import Image, InProcess, base_environment
from meshtutor.embedded.kubelet.place import Place, proxy_role
from meshtutor.embedded.kubelet.probes import Probe, Target
from meshtutor.embedded.kubelet.probing import Prober, Reactions
from meshtutor.embedded.kubelet.processes import Exit, Order, Process
from meshtutor.embedded.kubelet.quantities import to_bytes
from meshtutor.embedded.kubelet.runtime import Runtime
from meshtutor.embedded.kubelet.volumes import Mounts

log = logging.getLogger(__name__)
_OPEN_FILES = 65_536


class Instance:
    """A run: its process or coroutine, and the probes that watch it."""

    def __init__(self, process: Process, probes: dict[str, Probe], target: Target) -> None:
        self._process = process
        self._probes = probes
        self._target = target
        self._ending: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id; the lab's own pods have the lab's."""
        return self._process.pid

    async def wait(self) -> Exit:
        """Its end."""
        end = await self._process.wait()
        if self._ending is not None and self._ending is not asyncio.current_task():
            self._ending.cancel()
        return end

    async def probe(self, reactions: Reactions, clock: Clock) -> None:
        """Ask its probes until cancelled."""
        try:
            await Prober(self._probes, self._target, reactions, clock).run()
        except Exception:
            log.exception("the probes of process %s failed", self.pid)

    def signal(self, number: int) -> None:
        """Send a signal to its main process; SIGKILL goes to all of its processes."""
        self._process.signal(number, group=number == signal.SIGKILL)

    def end_soon(self, grace: float, clock: Clock) -> None:
        """Begin to end it; once."""
        if self._ending is None:
            self._ending = asyncio.create_task(self.end(grace, clock))

    async def end(self, grace: float, clock: Clock) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds; returns at its end."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(clock.real(grace)):
                await self._process.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._process.wait()


async def launch(image: Image, container: Object, place: Place, runtime: Runtime) -> Instance:
    """Start a run.

    LabError if the program cannot be executed, MeshtutorError if something it needs is missing.
    """
    probes = {kind: p for kind in ("Startup", "Readiness", "Liveness") if (p := Probe.of(container, kind))}
    if image.in_process is not None:
        coroutine = _Coroutine(image.in_process, container, place)
        return Instance(coroutine, probes, _target(container, place, _no_exec, runtime))
    order = prepare(image, container, place, runtime)

    def execute(argv: list[str]) -> Order:
        program = [image.programs.get(argv[0], argv[0]), *argv[1:]]
        mounts = Mounts(place, container)
        return Order(
            [mounts.rewrite(word) for word in program], order.env, order.cwd, Path(os.devnull), order.limits
        )

    return Instance(await runtime.spawn(order), probes, _target(container, place, execute, runtime))


def prepare(image: Image, container: Object, place: Place, runtime: Runtime) -> Order:
    """The process that a container is: command, environment, directory, log and limits."""
    mounts = Mounts(place, container)
    own = environment(container, place, lambda kind, name: runtime.lookup(kind, place.namespace, name))
    command = [expand(str(word), own) for word in container.get("command") or ()]
    arguments = [expand(str(word), own) for word in container.get("args") or ()]
    argv = [mounts.rewrite(word) for word in image.argv(container, command, arguments, place)]
    if proxy_role(container):
        own = {name: value for name, value in own.items() if name.lower() not in ("http_proxy", "no_proxy")}
    env = base_environment(image, place, place.name) | {
        name: mounts.rewrite(value) for name, value in own.items()
    }
    cwd = mounts.working_directory(container.get("workingDir") or "")
    return Order(argv, env, cwd, place.log(container["name"]), limits_of(container))


def limits_of(container: Mapping[str, Any]) -> dict[str, int]:
    """RLIMITs: no core files, many open files, and twice the memory limit as a wall that no burst passes.

    The limit itself is watched by the kubelet, which ends the container as OOMKilled.
    """
    limits = {"core": 0, "nofile": _OPEN_FILES}
    if memory := ((container.get("resources") or {}).get("limits") or {}).get("memory"):
        limits["data"] = 2 * to_bytes(memory)
    return limits


class _Executor(Protocol):
    def __call__(self, argv: list[str]) -> Order: ...


def _target(container: Object, place: Place, execute: _Executor, runtime: Runtime) -> Target:
    address = place.ip if proxy_role(container) else place.app_ip
    ports = {p["name"]: int(p["containerPort"]) for p in container.get("ports") or () if p.get("name")}
    return Target(address, ports, execute, runtime.spawn)


def _no_exec(argv: list[str]) -> Order:
    raise OSError(f"{argv[0]} cannot be executed: this container runs inside the lab's own process")


class _Coroutine:
    """A container of the lab's own process, behind the face of a process."""

    def __init__(self, program: InProcess, container: Object, place: Place) -> None:
        self.pid = 0
        self._task = asyncio.create_task(self._main(program, container, place), name=f"pod {place.name}")

    async def wait(self) -> Exit:
        await asyncio.wait([self._task])
        if self._task.cancelled():
            return Exit(0)
        return Exit(1 if self._task.exception() else 0)

    def signal(self, number: int, *, group: bool = False) -> None:  # noqa: ARG002 - any signal ends it
        self._task.cancel()

    async def _main(self, program: InProcess, container: Object, place: Place) -> None:
        writer = logs.handler(place.log(container["name"]))
        loggers = [logging.getLogger(name) for name in program.loggers]
        for logger in loggers:
            logger.addHandler(writer)
        try:
            await program.run(place)
        except Exception:
            for logger in loggers[:1]:
                logger.exception("%s has failed", container["name"])
            raise
        finally:
            for logger in loggers:
                logger.removeHandler(writer)
            with contextlib.suppress(OSError):
                writer.close()
