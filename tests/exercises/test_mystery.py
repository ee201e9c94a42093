"""Exercises whose answer is a name: what is drawn, what a cell may say, and that the traffic decides."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.exercises import BOOK, answers
from meshtutor.exercises.mystery import Case, Mystery
from meshtutor.exercises.symptoms import FailedCalls, SlowPages, measure
from meshtutor.exercises.verdicts import Correct, NotAttempted, NotYet
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report

MYSTERIES = [name for name in BOOK if isinstance(BOOK[name], Mystery)]


class Trouble:
    """A symptom whose counts a test dictates."""

    each = 45
    enough = 20

    def __init__(self, *counts: int) -> None:
        self.counts = list(counts)
        self.asked: list[int] = []

    def count(self, mesh, n):
        self.asked.append(n)
        return self.counts.pop(0)


@pytest.mark.parametrize(
    ("counts", "seen"),
    [
        ((22,), (22, 45)),
        ((10, 11), (21, 99)),
        ((10, 5, 6), (21, 139)),
        ((10, 9, 1), (20, 114)),
        ((0,) * 4, (0, 180)),
        ((1, 1, 9), (11, 450)),
    ],
)
def test_trouble_that_is_rare_is_looked_at_for_longer(counts, seen):
    assert measure(Trouble(*counts), None) == seen


def test_slow_pages_are_counted_and_a_few_stragglers_forgiven():
    class Mesh:
        gateway = ""

        def send(self, url, n, concurrency):
            return Report(url, tuple(Outcome(200, 700.0 if i < 5 else 20.0) for i in range(n)))

    symptom = SlowPages(600)
    assert symptom.count(Mesh(), 90) == 5
    assert symptom.gone(symptom.enough, 3, 90, "x").ok
    assert not symptom.gone(symptom.enough, 4, 90, "x").ok


def test_of_failed_calls_one_is_one_too_many():
    assert FailedCalls().gone(40, 0, 90, "x").ok
    assert not FailedCalls().gone(40, 1, 90, "x").ok


def test_before_it_has_begun_a_name_is_no_attempt():
    exercise = Mystery(Case("0.1", "", "", (), (), suspects=("ratings-v1",)))
    verdict = exercise.attempt("ratings-v1  # surely\n")
    assert isinstance(verdict, NotAttempted)
    assert ".begin()" in verdict.reason
    assert isinstance(exercise.attempt("# Write your answer here.\n"), NotAttempted)


@pytest.fixture
def mesh(lab):
    with mt.connect() as mesh:
        yield mesh
        mesh.reset()


@pytest.mark.parametrize("name", MYSTERIES)
def test_whoever_is_drawn_the_reference_answer_finds_it_and_every_wrong_one_misses(mesh, name):
    exercise, drawn = BOOK[name], set()
    for seed in (0, 1, 5):  # three that are drawn differently
        exercise.begin(seed)
        drawn.add(exercise._culprit)
        for kind, text in answers.wrong(name).items():
            verdict = exercise.attempt(text)
            assert isinstance(verdict, NotYet), (seed, kind, repr(verdict))
        verdict = exercise.attempt(answers.reference(name))
        assert isinstance(verdict, Correct), (seed, repr(verdict))
    assert len(drawn) == 3


def test_a_name_in_quotes_will_do_and_after_a_wrong_one_the_case_goes_on(mesh):
    exercise = mt.exercises["3.1"]
    exercise.begin()
    culprit = exercise._culprit
    innocent = next(name for name in exercise.task.suspects if name != culprit)
    verdict = exercise.attempt(f'"{innocent}"\n')
    assert isinstance(verdict, NotYet), repr(verdict)
    assert innocent in verdict.reason
    assert isinstance(exercise.answer("the network"), NotYet)
    assert isinstance(exercise.answer(culprit), Correct)
    assert exercise.check(), "what was found out stays found out"
    assert isinstance(exercise.answer(culprit), NotAttempted), "the case is closed"


def test_a_reset_mends_what_was_broken_and_the_exercise_says_so(mesh):
    exercise = mt.exercises["3.1"]
    exercise.begin()
    mesh.reset()
    verdict = exercise.answer("ratings-v1")
    assert isinstance(verdict, NotAttempted)
    assert "a reset mends it" in verdict.reason


def test_after_a_reset_a_cell_that_works_its_answer_out_begins_anew(mesh):
    exercise = mt.exercises["3.1"]
    exercise.begin()
    mesh.reset()
    verdict = exercise.attempt(answers.reference("3.1"))
    assert isinstance(verdict, Correct), repr(verdict)


def test_the_next_case_is_another_one(mesh):
    exercise = mt.exercises["3.1"]
    exercise.begin()
    first, load = exercise._culprit, exercise._load
    assert load.running
    exercise.begin()
    assert exercise._culprit != first
    assert not load.running, "the requests of the case before have ended"
    assert isinstance(exercise.answer(exercise._culprit), Correct), "and it is closed, for the next test"
