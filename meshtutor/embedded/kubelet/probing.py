"""The probes of one run of a container: when to ask, and what follows from the answers (pkg/kubelet/prober).

Until the startup probe has succeeded no other is asked; a liveness probe that fails `failureThreshold` times
ends the container; readiness is false until it succeeds. So that a lab starts in a moment, a startup or
readiness probe is asked right after `initialDelaySeconds` and then in quick succession until its first
success; early failures neither count nor make events. Kubernetes would only ask less often: once at start,
then every period.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meshtutor.embedded.kubelet.clock import Clock
from meshtutor.embedded.kubelet.probes import Probe, Target, ask

_QUICK_FIRST: Final = 0.02
_QUICK_LAST: Final = 0.25
_QUICK_FACTOR: Final = 1.2
_QUICK_FOR: Final = 30.0


@dataclass(frozen=True)
class Reactions:
    """What the container does about answers."""

    started: Callable[[], None]
    ready: Callable[[bool], None]
    unhealthy: Callable[[Probe, str], None]
    kill: Callable[[Probe], None]


class Prober:
    """Asks the probes of one run until cancelled."""

    def __init__(self, probes: dict[str, Probe], target: Target, reactions: Reactions, clock: Clock) -> None:
        self._probes = probes
        self._target = target
        self._react = reactions
        self._clock = clock

    async def run(self) -> None:
        """Startup first, then readiness and liveness side by side."""
        if startup := self._probes.get("Startup"):
            await self._clock.sleep(startup.initial_delay)
            if not await self._await_start(startup):
                return
        self._react.started()
        loops = []
        if readiness := self._probes.get("Readiness"):
            loops.append(self._watch_readiness(readiness))
        else:
            self._react.ready(True)
        if liveness := self._probes.get("Liveness"):
            loops.append(self._watch_liveness(liveness))
        await asyncio.gather(*loops)

    async def _quickly(self, probe: Probe) -> bool:
        """Ask in quick succession; whether it has answered well before that became pointless."""
        loop = asyncio.get_running_loop()
        pause, end = _QUICK_FIRST, loop.time() + _QUICK_FOR
        while loop.time() < end:
            if not await ask(probe, self._target):
                return True
            await asyncio.sleep(min(pause, self._clock.real(probe.period)))
            pause = min(_QUICK_LAST, pause * _QUICK_FACTOR)
            if pause >= probe.period:
                break
        return False

    async def _await_start(self, probe: Probe) -> bool:
        # The quick phase is part of the time that failureThreshold * period allows.
        patience = self._clock.real(probe.failures * probe.period)
        try:
            async with asyncio.timeout(patience):
                if await self._quickly(probe):
                    return True
        except TimeoutError:
            pass
        for _ in range(probe.failures):
            if not (failure := await ask(probe, self._target)):
                return True
            self._react.unhealthy(probe, failure)
            await self._clock.sleep(probe.period)
        self._react.kill(probe)
        return False

    async def _watch_readiness(self, probe: Probe) -> None:
        await self._clock.sleep(probe.initial_delay)
        ready = probe.successes == 1 and await self._quickly(probe)
        self._react.ready(ready)
        good = bad = 0
        while True:
            await self._clock.sleep(probe.period)
            failure = await ask(probe, self._target)
            good, bad = (0, bad + 1) if failure else (good + 1, 0)
            if failure:
                self._react.unhealthy(probe, failure)
            if bad >= probe.failures if ready else good >= probe.successes:
                ready = not ready
                self._react.ready(ready)

    async def _watch_liveness(self, probe: Probe) -> None:
        await self._clock.sleep(probe.initial_delay)
        bad = 0
        while True:
            failure = await ask(probe, self._target)
            bad = bad + 1 if failure else 0
            if failure:
                self._react.unhealthy(probe, failure)
            if bad >= probe.failures:
                self._react.kill(probe)
                return
            await self._clock.sleep(probe.period)
