"""`Exercise`, what `mt.exercises["6.1"]` returns: check, hint, solution."""

from __future__ import annotations

from typing import Any

from meshtutor.config import study
from meshtutor.display import html
from meshtutor.display.yaml import Listing, listing
from meshtutor.errors import ManifestError, MeshtutorError
from meshtutor.exercises import answers, trial
from meshtutor.exercises.note import Note, prose
from meshtutor.exercises.task import Task
from meshtutor.exercises.verdicts import NotAttempted, NotYet, Verdict
from meshtutor.kube import manifests
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import Applied, ApplyError, title

_UNTOUCHED = "Write your answer into the cell and run it again; .hint() helps."


class Exercise:
    """One task and how far the learner is with it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.mesh: Mesh | None = None
        self.verdict: Verdict = NotAttempted(task.name, _UNTOUCHED)
        self._hinted = 0

    def check(self) -> Verdict:
        """Judge what is in the mesh now, however it came there. MeshtutorError before `mt.connect()`.

        What was done by hand leaves no trace to judge: its verdict is that of the last attempt.
        """
        if not self.task.by_hand:
            self.verdict = trial.judge(self._connected(), self.task)
        return self.verdict

    def begin(self) -> Note:
        """Bring the mesh into the state in which the task begins; `attempt` does so by itself."""
        there = ", ".join(title(obj) for obj in self._begin(self._connected()))
        return Note(f"{self.task.name} {self.task.title}. In the mesh now: {there}.")

    def attempt(self, answer: str) -> Verdict:
        """Try an answer on a clean mesh and judge it; what cannot be read or is refused is not there yet."""
        if not written(answer):
            self.verdict = NotAttempted(self.task.name, _UNTOUCHED)
        elif self.task.by_hand:
            self.verdict = self._do(answer)
        else:
            self.verdict = self._try(answer)
        return self.verdict

    def hint(self) -> Note:
        """The next hint; after the last one, that it was the last."""
        hints = self.task.hints
        if self._hinted >= len(hints):
            return Note(f"That were all {len(hints)} hints. .solution() shows an answer.")
        self._hinted += 1
        return Note(f"Hint {self._hinted} of {len(hints)}: {hints[self._hinted - 1]}")

    def solution(self) -> Listing:
        """An answer that works; there are others."""
        return listing(answers.reference(self.task.name))

    def _try(self, yaml: str) -> Verdict:
        name, mesh = self.task.name, self._connected()
        try:
            manifests.load(yaml)
            self._begin(mesh)
            applied = mesh.apply(yaml)
        except (ManifestError, ApplyError) as error:
            return NotYet(name, _sentence(error.message), tips=tuple(error.hint.splitlines()[:1]))
        if applied.nacks:
            nack = applied.nacks[0]
            return NotYet(name, f"proxy {nack.proxy} rejected it: {nack.error}")
        return _with_warnings(trial.judge(mesh, self.task), applied)

    def _do(self, python: str) -> Verdict:
        """The learner's own lines, between two measurements."""
        mesh = self._connected()
        self._begin(mesh)
        before = self.task.measure_without(mesh)
        run_cell(self.task.name, python, mesh)
        return trial.judge_by_hand(self.task, before, self.task.measure(mesh))

    def _begin(self, mesh: Mesh) -> list[dict[str, Any]]:
        """What the task has given, of rules and the Services they need."""
        given = trial.given(self.task)
        pods = [study() / "manifests" / path for path in self.task.pods]
        mesh.reset(also=[*pods, *given])
        if self.task.prepare:
            self.task.prepare(mesh)
        return given

    def _connected(self) -> Mesh:
        if self.mesh is None:
            raise MeshtutorError(
                "An exercise is checked on a mesh, and there is none yet.", "mesh = mt.connect()"
            )
        return self.mesh

    def __repr__(self) -> str:
        return f"Exercise {self.task.name}: {self.task.title}\n{self.task.text}\n{self.verdict!r}"

    def _repr_html_(self) -> str:
        head = html.Html(f"<b>Exercise {html.cell(self.task.name)}: {html.cell(self.task.title)}</b>")
        text = html.Html(f"<p>{prose(self.task.text)}</p>")
        return html.join(head, text, html.Html(self.verdict._repr_html_()))


def run_cell(name: str, python: str, mesh: Mesh) -> dict[str, Any]:
    """Run Python as if it stood in a cell, given `mesh`; the names that it leaves. Its errors are for its writer."""
    scope: dict[str, Any] = {"mesh": mesh}
    exec(compile(python, f"<exercise {name}>", "exec"), scope)  # noqa: S102 - it is a cell
    return scope


def written(yaml: str) -> bool:
    """Whether a cell has anything but comments and blank lines."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in yaml.splitlines())


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _with_warnings(verdict: Verdict, applied: Applied) -> Verdict:
    if not isinstance(verdict, NotYet) or not applied.warnings:
        return verdict
    return NotYet(verdict.exercise, verdict.reason, verdict.findings, (*applied.warnings, *verdict.tips))
