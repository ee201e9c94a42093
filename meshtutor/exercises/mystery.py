"""Exercises whose answer is a name: one workload misbehaves, the learner finds out which, the check heals it and looks.

    mt.exercises["3.1"].begin()                  breaks something, and keeps a small load running
    mt.exercises["3.1"].answer("reviews-v2")     the accused is healed; if the trouble goes with it, it was the one

What is broken is drawn anew each time. The check does not compare names: it looks at the traffic. In a cell of
`%%exercise` stands either the name, or Python (given `mesh`) that leaves it in `answer`.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.exercises.exercise import Exercise, run_cell, written
from meshtutor.exercises.note import Note
from meshtutor.exercises.symptoms import PAGE, FailedCalls, Symptom, loudest, measure
from meshtutor.exercises.task import Task
from meshtutor.exercises.verdicts import Correct, NotAttempted, NotYet, Verdict
from meshtutor.kube.kinds import POD
from meshtutor.mesh import Mesh
from meshtutor.mesh.disturbing import switch_of
from meshtutor.traffic.load import Load

_RATE: Final = 6.0
_SECONDS: Final = 900.0
_MOST_TURNS: Final = 20  # what else is wrong by then is somebody else's doing
_NOISE: Final = 150  # requests: several times the trouble
_HARMLESS: Final = {"status": 0, "delay_ms": 0, "share": 0}
_NAME: Final = re.compile(r"[\"']?([a-z0-9-]+)[\"']?")


@dataclass(frozen=True)
class Case(Task):
    """One of `suspects` (workloads) is told `fault` (the application's own: see faults.py); `symptom` shows it.

    `noise` says whether an innocent service is asked for things that do not exist, which it refuses with 400.
    """

    suspects: tuple[str, ...] = ()
    fault: Mapping[str, Any] = field(default_factory=dict)
    symptom: Symptom = field(default_factory=FailedCalls)
    noise: bool = False
    by_hand: bool = True


class Mystery(Exercise):
    """One case and how far the learner is with it."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._case = case
        self._culprit = ""
        self._load: Load | None = None

    def begin(self, seed: int | None = None) -> Note:
        """Break something in a clean mesh and let requests run for a quarter of an hour.

        The same `seed` breaks the same, for a class that compares; without one, nobody knows.
        """
        mesh, draw = self._connected(), random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311
        if self._load:
            self._load.close()
        self._begin(mesh)
        self._culprit = draw.choice(
            [name for name in self._case.suspects if name != self._culprit or seed is not None]
        )
        self._place(mesh)
        innocent = draw.choice(
            [name for name in self._case.suspects if not _same_service(name, self._culprit)]
        )
        self._make_trouble(mesh, innocent)
        self._load = mesh.load(mesh.gateway + PAGE, _RATE, _SECONDS)
        self.verdict = NotAttempted(self._case.name, "Something is broken; who is it?")
        return Note(
            f"{self._case.name} has begun: one of {', '.join(self._case.suspects)}. Pages are being asked for."
        )

    def _make_trouble(self, mesh: Mesh, innocent: str) -> None:
        """Ask for pages until a learner who looks can see what is wrong, what is not, and nothing else.

        The noise comes last: it must not be the first to leave the windows of those who look.
        """
        begun = time.monotonic()
        for _ in range(_MOST_TURNS):
            mesh.send(mesh.gateway + PAGE, self._case.symptom.some, concurrency=16)
            if self._case.noise:
                mesh.send(_service(innocent), _NOISE, path=f"/{_service(innocent)}/nothing")
            seen = self._case.symptom.shows(mesh, self._culprit, begun)
            if seen and (not self._case.noise or _same_service(loudest(mesh), innocent)):
                break

    def answer(self, workload: str) -> Verdict:
        """Accuse a workload: it is healed, and if the trouble is gone, it was the one. Else it is broken again."""
        name, suspects = self._case.name, self._case.suspects
        if not self._culprit:
            self.verdict = NotAttempted(
                name, f'Nothing is broken yet: mt.exercises["{name}"].begin() begins.'
            )
        elif workload not in suspects:
            self.verdict = NotYet(
                name, f"the answer: expected one of {', '.join(suspects)}, got {workload!r}."
            )
        else:
            with self._quiet():
                self.verdict = self._try_healing(self._connected(), workload)
        return self.verdict

    def attempt(self, answer: str) -> Verdict:
        """The text of a cell: a name, or Python that leaves it in `answer`; such a cell begins by itself.

        It begins anew where a reset has mended what was broken: nobody else would tell the learner to.
        """
        if not written(answer):
            return super().attempt(answer)
        if found := _NAME.fullmatch(_code(answer)):
            return self.answer(found[1])
        if not self._is_broken():
            self.begin()
        return self.answer(str(run_cell(self._case.name, answer, self._connected()).get("answer", "")))

    def _is_broken(self) -> bool:
        """Whether a case has begun and its culprit still misbehaves."""
        mesh = self._connected()
        pods = _pods(mesh, self._culprit) if self._culprit else []
        return any(mesh.api.request("GET", switch_of(pod)).json()["fault"] for pod in pods)

    def _try_healing(self, mesh: Mesh, accused: str) -> Verdict:
        name, symptom = self._case.name, self._case.symptom
        before, n = measure(symptom, mesh)
        if not before:
            self._culprit = ""
            return NotAttempted(name, "Nothing is broken any more (a reset mends it): .begin() begins anew.")
        # that one cannot be healed is an error: it says nothing of the answer
        for pod in _pods(mesh, accused):
            mesh.api.request("DELETE", switch_of(pod))
        finding = symptom.gone(before, symptom.count(mesh, n), n, accused)
        if not finding.ok and symptom.by_clock:  # what held the machine up is over at a second look
            finding = symptom.gone(before, symptom.count(mesh, n), n, accused)
        if not finding.ok:
            self._place(mesh)
            return NotYet(name, f"{finding}.", (finding,))
        self._culprit = ""
        return Correct(name, f"And it is so: {finding.about}: {finding.got}.", (finding,))

    def _place(self, mesh: Mesh) -> None:
        """All suspects are told something, so that being told gives nobody away."""
        for name in self._case.suspects:
            body = dict(self._case.fault if name == self._culprit else _HARMLESS)
            for pod in _pods(mesh, name):
                mesh.api.request("PUT", switch_of(pod), body=body)

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Without the background load, which would count, too; unless the case is closed it goes on afterwards."""
        if self._load:
            self._load.pause()
        yield
        if self._load and not self._load.closed:
            self._load.run(_SECONDS) if self._culprit else self._load.close()


def _code(cell: str) -> str:
    """What a cell says, without comments."""
    return "\n".join(line.split("#", 1)[0].strip() for line in cell.splitlines()).strip()


def _service(workload: str) -> str:
    return workload.rpartition("-")[0]


def _same_service(one: str, other: str) -> bool:
    return _service(one) == _service(other)


def _pods(mesh: Mesh, workload: str) -> list[dict[str, Any]]:
    service, _, version = workload.rpartition("-")
    return mesh.api.list(POD, mesh.namespace, f"app={service},version={version}")
