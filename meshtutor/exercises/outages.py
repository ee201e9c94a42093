"""Questions about the loss of a region: what comes when Envoys have noticed, and when they have forgotten it again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

from meshtutor.errors import NotReadyError
from meshtutor.exercises.task import ONE_LOOK, Question
from meshtutor.exercises.verdicts import Finding
from meshtutor.mesh import Mesh
from meshtutor.telemetry.ejections import EJECTED

_SETTLING: Final = 60  # requests: enough for any sensible patience with a few pods
_RATE: Final = 30.0  # so that they last 2 s: Envoy delivers what it learns of pods at most once in a second
_BACK: Final = 60.0


@dataclass(frozen=True)
class Settled(Question):
    """Judged is what comes after `settling` requests, the two seconds in which Envoys notice which pods fail."""

    settling: int = _SETTLING

    def ask(self, mesh: Mesh, n: int, false_alarm: float) -> Finding:
        """Send, and send again."""
        if self.settling:
            mesh.send(self.target, self.settling, rate=_RATE, from_pod=self.from_pod)
        return super().ask(mesh, n, false_alarm)

    def ask_without(self, mesh: Mesh) -> Finding:
        """At once, for nobody notices then; and all together, for one that is late for another reason does no harm."""
        return Question.ask_without(replace(self, settling=0, concurrency=self.n), mesh)


@dataclass(frozen=True)
class Outage(Settled):
    """All pods of the target in a region answer 503, and are well again afterwards."""

    region: str = ""

    def ask(self, mesh: Mesh, n: int, false_alarm: float) -> Finding:
        """Break the region, send, heal it whatever happens."""
        pods = mesh.places(f"app={self.target}").pods(self.region)
        try:
            for pod in pods:
                mesh.disturb(pod, status=503)
            return super().ask(mesh, n, false_alarm)
        finally:
            for pod in pods:
                mesh.disturb(pod)


@dataclass(frozen=True)
class Recovered(Question):
    """Asked when no pod is ejected any more, so that a check right after another one finds the mesh well."""

    def ask(self, mesh: Mesh, n: int, false_alarm: float) -> Finding:
        """Wait, a minute at most, then as any question. NotReadyError if pods are ejected for longer."""
        deadline = time.monotonic() + _BACK
        while EJECTED in mesh.pod_states(self.target, self.from_pod).values():
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"Pods of {self.target} are ejected since the last check, for more than {_BACK:g} s.",
                    "A shorter baseEjectionTime lets them in earlier; mesh.pod_states shows who is out",
                )
            time.sleep(0.2)
        mesh.send(self.target, _SETTLING // 2, rate=_RATE, from_pod=self.from_pod)
        return super().ask(mesh, n, false_alarm)

    def ask_without(self, mesh: Mesh) -> Finding:
        """At once: without the rule no pod is ejected, and nothing has to settle."""
        return super().ask(mesh, self.fewer, ONE_LOOK)
