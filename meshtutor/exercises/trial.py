"""The trial of an answer: the traffic with the learner's objects, and again without them.

The learner's objects are the Istio objects of the namespace that are neither the study's nor given with the
task, and given ones that were changed. After the trial they are in force again.

Left out: objects in other namespaces, and workloads. What a learner does with these counts as the
surroundings, which are the same with and without the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from meshtutor.config import study
from meshtutor.errors import NotFoundError
from meshtutor.exercises import answers
from meshtutor.exercises.slips import slips
from meshtutor.exercises.task import FALSE_ALARM, Task
from meshtutor.exercises.verdicts import Correct, Finding, NotAttempted, NotYet, Verdict
from meshtutor.kube import kinds, manifests
from meshtutor.kube.cleaning import clean
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import title
from meshtutor.mesh.leftovers import named

Object = dict[str, Any]
_NOTHING = (
    "There is no rule of yours in the mesh: write it in the %%exercise cell, or apply it and ask again."
)


def judge(mesh: Mesh, task: Task) -> Verdict:
    """Judge what the learner has in the mesh now."""
    before = given(task)
    mine = learners(mesh, before)
    if not mine:
        return NotAttempted(task.name, _NOTHING)
    findings = task.measure(mesh)
    if failed := next((finding for finding in findings if not finding.ok), None):
        return NotYet(task.name, f"{failed}.", findings, tuple(slips(mine)))
    with taken_away(mesh, mine, before):
        without = task.measure_without(mesh)
    if still := next((finding for finding in without if finding.ok), None):
        return NotYet(task.name, _not_yours(still, mine), findings, tuple(slips(mine)))
    return Correct(task.name, _yours(without[0], mine), findings)


def judge_by_hand(task: Task, before: tuple[Finding, ...], after: tuple[Finding, ...]) -> Verdict:
    """Judge what a learner did to the mesh, by what was measured `before` they began and `after`."""
    if failed := next((finding for finding in after if not finding.ok), None):
        return NotYet(task.name, f"{failed}.", after)
    if still := next((finding for finding in before if finding.ok), None):
        return NotYet(task.name, f"{still.about}: it was so before you began.", after)
    return Correct(task.name, f"And it is your doing: before, {before[0].about}: {before[0].got}.", after)


def learners(mesh: Mesh, before: list[Object]) -> list[Object]:
    """The learner's objects, as they can be applied again: those that are not as `before`."""
    known = {named(obj): obj["spec"] for obj in before}
    found = (clean(obj) for kind in kinds.RULES for obj in _all(mesh, kind))
    return [obj for obj in found if known.get(named(obj)) != obj["spec"]]


def given(task: Task) -> list[Object]:
    """The rules, and the Services they need, that belong to the study's initial state and to the task."""
    sources = [study() / "manifests" / path for path in ("gateway", *task.given)]
    if broken := answers.patient(task.name):
        sources.append(broken)
    rules = {kind.kind for kind in (*kinds.RULES, kinds.SERVICE)}
    found = [obj for obj in manifests.load(sources) if obj["kind"] in rules]
    return list(
        {named(obj): obj for obj in found}.values()
    )  # a patient may have changed an object of the study


@contextmanager
def taken_away(mesh: Mesh, mine: list[Object], before: list[Object]) -> Iterator[None]:
    """The mesh as it would be without these objects; they are back afterwards, whatever happens."""
    originals = {named(obj): obj for obj in before}
    changed = [originals[named(obj)] for obj in mine if named(obj) in originals]
    added = [obj for obj in mine if named(obj) not in originals]
    try:
        if added:
            mesh.delete(added)
        if changed:
            mesh.apply(changed)
        yield
    finally:
        mesh.apply(list(mine))


def _all(mesh: Mesh, kind: kinds.Kind) -> list[Object]:
    try:
        return mesh.api.list(kind, mesh.namespace)
    except NotFoundError:  # a real cluster may lack a kind
        return []


def _names(mine: list[Object]) -> str:
    return " and ".join(title(obj) for obj in mine)


def _not_yours(still: Finding, mine: list[Object]) -> str:
    return (
        f"it is not your objects that do it. {still.about}: expected something else than {still.got} once "
        f"{_names(mine)} {'was' if len(mine) == 1 else 'were'} taken away, and got just that."
    )


def _yours(gone: Finding, mine: list[Object]) -> str:
    return (
        f"And it is your doing: without {_names(mine)}, {gone.about}: {gone.got}. "
        f"(A right answer is refused in at most one of {1 / FALSE_ALARM:,.0f} checks.)"
    )
