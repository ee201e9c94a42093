"""What an exercise says, without a mesh."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.errors import MeshtutorError
from meshtutor.exercises import answers
from meshtutor.exercises.book import BOOK, Book
from meshtutor.exercises.exercise import Exercise, written
from meshtutor.exercises.judges import (
    Delayed,
    Every,
    Exactly,
    Mostly,
    OnePod,
    Places,
    Pods,
    Prompt,
    Shares,
    Sparing,
    Within,
)
from meshtutor.exercises.note import Note
from meshtutor.exercises.slips import slips
from meshtutor.exercises.task import ONE_LOOK, Question, Task
from meshtutor.exercises.verdicts import Correct, Finding, NotAttempted, NotYet
from meshtutor.kube import manifests
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report

TASK = Task("0.1", "A title", "Do it.", (), ("think", "think harder"))


def report(*outcomes: tuple[int, str, float]) -> Report:
    return Report("http://reviews/", tuple(Outcome(s, ms, version=v) for s, v, ms in outcomes))


def test_the_package_itself_is_the_book():
    assert list(mt.exercises) == list(BOOK)
    assert len(mt.exercises) == len(BOOK) >= 6
    assert mt.exercises["6.1"] is BOOK["6.1"]
    assert "6.1" in repr(mt.exercises)
    assert "<table" in mt.exercises._repr_html_()


def test_an_unknown_exercise_names_those_there_are():
    with pytest.raises(MeshtutorError) as error:
        mt.exercises["9.99"]
    assert "'9.99'" in error.value.message
    assert "6.1" in error.value.hint


def test_hints_come_one_at_a_time_and_asking_past_the_last_says_so():
    exercise = Exercise(TASK)
    assert repr(exercise.hint()) == "Hint 1 of 2: think"
    assert repr(exercise.hint()) == "Hint 2 of 2: think harder"
    assert "all 2 hints" in repr(exercise.hint())
    assert ".solution()" in exercise.hint()._repr_html_()


@pytest.mark.parametrize("name", BOOK)
def test_a_solution_begins_with_what_it_does(name):
    solution = mt.exercises[name].solution()
    assert solution.text.startswith("# ")
    assert mt.exercises[name].task.by_hand or manifests.load(solution.text)
    for text in answers.wrong(name).values():
        assert text.startswith("# ")


@pytest.mark.parametrize("name", BOOK)
def test_a_task_says_what_to_do_and_has_hints_and_a_lesson(name):
    task = mt.exercises[name].task
    assert task.hints
    assert task.questions or task.suspects
    assert task.text in repr(mt.exercises[name])
    assert task.title in mt.exercises[name]._repr_html_()


def test_what_stands_between_backticks_is_code_and_the_rest_is_text():
    assert Note("a `<b>` c")._repr_html_().count("<code>&lt;b&gt;</code>") == 1


def test_before_connect_a_check_says_what_is_missing():
    with pytest.raises(MeshtutorError) as error:
        Book([TASK])["0.1"].check()
    assert error.value.hint == "mesh = mt.connect()"


def test_comments_and_blank_lines_are_nothing_written():
    assert not written("# Write your YAML here.\n\n   # more\n")
    assert written("# a remark\nkind: A\n")


def test_the_three_states_in_text_and_html():
    finding = Finding("requests", False, "v1 90%", "v1 50%")
    assert repr(NotAttempted("6.1", "Write.")) == "○ 6.1 Not attempted. Write."
    not_yet = NotYet("6.1", f"{finding}.", (finding,), ("a slip",))
    assert repr(not_yet).splitlines() == [
        "✗ 6.1 Not yet, because requests: expected v1 90%, got v1 50%.",
        "  → a slip",
        "  ✗ requests: expected v1 90%, got v1 50%",
    ]
    assert "<td" in not_yet._repr_html_()
    assert not not_yet
    assert Correct("6.1", "Well done.")
    assert "<b>" not in NotYet("6.1", "<b>")._repr_html_()  # what a learner wrote is text, not HTML


def test_shares_are_judged_by_a_test_and_the_rest_by_counts():
    even = report(*[(200, "v1", 1.0)] * 50, *[(200, "v2", 1.0)] * 50)
    assert Shares({"v1": 1, "v2": 1})(even, ONE_LOOK)[0]
    assert Shares({"v1": 55, "v2": 45})(even, ONE_LOOK)[0]  # 100 requests cannot tell
    ok, expected, got = Shares({"v1": 90, "v2": 10})(even, ONE_LOOK)
    assert (ok, expected, got) == (False, "v1: 90%, v2: 10%", "v1: 50.0%, v2: 50.0% of 100")
    assert not Every("v1")(even, ONE_LOOK)[0]
    stray = report(*[(200, "v1", 1.0)] * 99, (200, "v2", 1.0))
    assert not Every("v1")(stray, ONE_LOOK)[0]
    assert Every("200", "status")(stray, ONE_LOOK)[0]
    assert not Every("v1")(report(), ONE_LOOK)[0]


def test_places_are_judged_by_where_the_versions_are_and_a_failure_is_no_answer():
    judge = Places({"near": 80, "far": 20}, {"v1": "near", "v2": "near", "v3": "far"})
    counts = {"v1": 60, "v2": 20, "v3": 20}
    right = report(*[(200, version, 1.0) for version, n in counts.items() for _ in range(n)])
    assert judge(right, ONE_LOOK) == (True, "far: 20%, near: 80%", "far: 20.0%, near: 80.0% of 100")
    assert not judge(report(*[(200, "v3", 1.0)] * 50, *[(200, "v1", 1.0)] * 50), ONE_LOOK)[0]
    assert not judge(Report("", (*right.outcomes, Outcome(503, 1.0, version="v1"))), ONE_LOOK)[0]
    assert not judge(report(), ONE_LOOK)[0]


@pytest.mark.parametrize(
    ("milliseconds", "ok"),
    [([610.0] * 5, True), ([596.0, 640.0], True), ([610.0] * 4 + [3.0], False), ([6000.0] * 5, False)],
)
def test_a_delay_holds_for_each_request_and_is_not_ten_times_as_long(milliseconds, ok):
    assert Delayed(0.6)(report(*[(200, "v1", ms) for ms in milliseconds]), ONE_LOOK)[0] is ok


def test_promptness_forgives_a_straggler_but_no_failure():
    assert Prompt(0.4)(report(*[(200, "v1", 9.0)] * 9, (200, "v1", 900.0)), ONE_LOOK)[0]
    assert not Prompt(0.4)(report(*[(200, "v1", 9.0)] * 9, (503, "", 9.0)), ONE_LOOK)[0]
    assert not Prompt(0.4)(report(*[(200, "v1", 900.0)] * 9), ONE_LOOK)[0]


def test_a_few_strays_are_forgiven_where_dice_are_left():
    assert Mostly("200")(report(*[(200, "v1", 1.0)] * 97, *[(503, "", 1.0)] * 3), ONE_LOOK)[0]
    assert not Mostly("200")(report(*[(200, "v1", 1.0)] * 96, *[(503, "", 1.0)] * 4), ONE_LOOK)[0]
    assert not Mostly("200")(report(), ONE_LOOK)[0]


def test_within_wants_every_answer_and_nearly_all_of_them_soon():
    assert Within(0.8)(report(*[(200, "v1", 300.0)] * 9, (200, "v1", 2000.0)), ONE_LOOK)[0]
    assert not Within(0.8)(report(*[(200, "v1", 300.0)] * 8, *[(200, "v1", 2000.0)] * 2), ONE_LOOK)[0]
    assert not Within(0.8)(report(*[(200, "v1", 300.0)] * 9, (504, "", 300.0)), ONE_LOOK)[0]


def test_a_refusal_counts_only_if_a_circuit_breaker_refused():
    refused = Outcome(503, 1.0, flag="UO")
    three = [Outcome(200, 1.0)] * 3
    assert Exactly(3)(Report("", (*three, refused)), ONE_LOOK)[0]
    assert not Exactly(3)(Report("", (*three, Outcome(503, 1.0, flag="UH"))), ONE_LOOK)[0]
    assert not Exactly(2)(Report("", (*three, refused)), ONE_LOOK)[0]


def answered_by(*pods: str) -> Report:
    return Report("http://reviews/", tuple(Outcome(200, 1.0, version=pod[:2], pod=pod) for pod in pods))


def test_one_pod_is_one_pod_and_a_failure_is_none():
    assert OnePod()(answered_by(*["v1-a"] * 20), ONE_LOOK)[0]
    assert not OnePod()(answered_by(*["v1-a"] * 19, "v1-b"), ONE_LOOK)[0]
    assert not OnePod()(report(*[(503, "", 1.0)] * 20), ONE_LOOK)[0]
    assert not OnePod()(report(), ONE_LOOK)[0]


def test_several_pods_have_to_answer_and_answer_well():
    assert Pods(2)(answered_by("v1-a", "v2-b"), ONE_LOOK)[0]
    assert not Pods(3)(answered_by("v1-a", "v2-b"), ONE_LOOK)[0]
    failed = Report("", (*answered_by("v1-a").outcomes, Outcome(503, 1.0, pod="v2-b")))
    assert not Pods(2)(failed, ONE_LOOK)[0]


@pytest.mark.parametrize(("n", "ok"), [(0, False), (1, True), (25, True), (26, False)])
def test_a_pod_is_spared_but_not_starved(n, ok):
    judged = Sparing("v3", 0.25)(answered_by(*["v3-c"] * n, *["v1-a"] * (100 - n)), ONE_LOOK)
    assert judged[0] is ok


class Recorder:
    """A mesh that notes how many requests are sent."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def send(self, target, n, **rest):
        self.sent.append(n)
        return report(*[(200, "v1", 1.0)] * n)


def test_without_the_rules_fewer_requests_do_and_controls_are_not_asked():
    questions = (
        Question("a", Every("v1"), 300),
        Question("b", Every("v1"), 12),
        Question("c", Every("v1"), control=True),
    )
    mesh, task = Recorder(), Task("0.1", "", "", questions, ())
    task.measure(mesh)
    assert mesh.sent == [300, 12, 30]
    mesh.sent.clear()
    task.measure_without(mesh)
    assert mesh.sent == [100, 12]


def test_the_rate_of_false_alarms_is_shared_by_all_shares_of_a_task():
    seen = []

    class Noting(Every):
        by_chance = True

        def __call__(self, report, false_alarm):
            seen.append(false_alarm)
            return True, "", ""

    Task("0.1", "", "", (Question("a", Noting("v1")), Question("b", Noting("v1"))), ()).measure(Recorder())
    assert seen == [ONE_LOOK / 2] * 2


@pytest.mark.parametrize(
    ("hold_ups", "ok", "asked"), [(0, True, [30]), (1, True, [30, 30]), (2, False, [30, 30])]
)
def test_a_moment_in_which_the_machine_is_busy_is_no_wrong_answer(hold_ups, ok, asked):
    class Busy(Recorder):
        def send(self, target, n, **rest):
            super().send(target, n, **rest)
            return report(*[(200, "v1", 900.0 if len(self.sent) <= hold_ups else 1.0)] * n)

    mesh = Busy()
    (finding,) = Task("0.1", "", "", (Question("a", Within(0.5)),), ()).measure(mesh)
    assert (finding.ok, mesh.sent) == (ok, asked)


def test_an_unlucky_draw_is_drawn_again_with_twice_as_many():
    class Unlucky(Recorder):
        def send(self, target, n, **rest):
            super().send(target, n, **rest)
            even = [(200, "v1", 1.0), (200, "v2", 1.0)] * (n // 2)
            return report(*(even if len(self.sent) > 1 else [(200, "v1", 1.0)] * n))

    mesh = Unlucky()
    (finding,) = Task("0.1", "", "", (Question("a", Shares({"v1": 50, "v2": 50}), 40),), ()).measure(mesh)
    assert (finding.ok, mesh.sent) == (True, [40, 80])


def test_what_neither_chance_nor_the_clock_decides_is_asked_once():
    mesh = Recorder()
    (finding,) = Task("0.1", "", "", (Question("a", Every("v2")),), ()).measure(mesh)
    assert (finding.ok, mesh.sent) == (False, [30])


def test_slips_are_named_only_where_they_are():
    for name in BOOK:
        if not BOOK[name].task.by_hand:
            assert not list(slips(manifests.load(answers.reference(name))))
    retried = manifests.load(
        answers.reference("7.1").replace("    route:", "    retries: {attempts: 3}\n    route:")
    )
    assert "has a fault beside its timeout or retries" in next(slips(retried))
