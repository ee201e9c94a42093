"""A task as data: what is asked, what is given, and the questions that are put to the traffic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshtutor.exercises.judges import Judge
from meshtutor.exercises.verdicts import Finding
from meshtutor.mesh import Mesh

ONE_LOOK: Final = 0.001  # a right answer looks wrong, however many shares a task measures
FALSE_ALARM: Final = ONE_LOOK**2  # it is refused: it looked wrong twice
_FEWEST: Final = 20
_GATEWAY: Final = "gateway"


@dataclass(frozen=True)
class Question:
    """Requests that are sent, and how their answers are judged.

    A `control` says what must not change: it holds with the learner's objects and without them. `target` is a Service,
    or "gateway" for requests from outside; `from_pod` sends them, by default the client.
    """

    about: str
    judge: Judge
    n: int = 30
    target: str = "reviews"
    path: str | None = None
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    control: bool = False
    from_pod: str | None = None
    concurrency: int = 8

    def ask(self, mesh: Mesh, n: int, false_alarm: float) -> Finding:
        """Send `n` requests and judge them."""
        target = mesh.gateway if self.target == _GATEWAY else self.target
        report = mesh.send(
            target,
            n,
            path=self.path,
            method=self.method,
            headers=self.headers,
            from_pod=self.from_pod,
            concurrency=self.concurrency,
        )
        ok, expected, got = self.judge(report, false_alarm)
        return Finding(self.about, ok, expected, got)

    def ask_without(self, mesh: Mesh) -> Finding:
        """Ask when the rule is away; `fewer` requests, because the effect is gone then and not merely smaller."""
        return self.ask(mesh, self.fewer, ONE_LOOK)

    @property
    def fewer(self) -> int:
        """How many requests tell that an effect is gone."""
        return max(self.n // 3, min(self.n, _FEWEST))


@dataclass(frozen=True)
class Task:
    """An exercise.

    Before the learner begins `given` manifests are there, the workloads in `pods` (in place of the study's where they
    have the same name), and what `prepare` did. With `by_hand` the answer is no rule but what a person does with a
    running mesh: Python that is given `mesh`.
    """

    name: str
    title: str
    text: str
    questions: tuple[Question, ...]
    hints: tuple[str, ...]
    given: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    prepare: Callable[[Mesh], None] | None = None
    by_hand: bool = False

    def measure(self, mesh: Mesh) -> tuple[Finding, ...]:
        """All questions, each with its whole n; a right answer fails one in at most FALSE_ALARM of all checks."""
        chancy = sum(question.judge.by_chance for question in self.questions)
        return tuple(_twice_at_most(question, mesh, ONE_LOOK / max(1, chancy)) for question in self.questions)

    def measure_without(self, mesh: Mesh) -> tuple[Finding, ...]:
        """What must have vanished."""
        return tuple(question.ask_without(mesh) for question in self.questions if not question.control)


def _twice_at_most(question: Question, mesh: Mesh, rate: float) -> Finding:
    """Who looks wrong is asked again, with twice as many requests where it is a matter of chance.

    What held a busy machine up is over by then, and an unlucky draw hardly comes twice; a wrong rule is still wrong.
    """
    finding, judge = question.ask(mesh, question.n, rate), question.judge
    if finding.ok or not (judge.by_chance or judge.by_clock):
        return finding
    return question.ask(mesh, question.n * (2 if judge.by_chance else 1), rate)
