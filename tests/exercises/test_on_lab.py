"""Every exercise on a real mesh: the reference answer is correct, recorded wrong ones are refused, in words."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.exercises import BOOK, answers
from meshtutor.exercises.verdicts import Correct, NotAttempted, NotYet
from meshtutor.kube import kinds
from meshtutor.kube.client import proxy_path
from meshtutor.kube.kinds import POD

WRONG = [(name, kind) for name in BOOK for kind in answers.wrong(name)]
STUB = "# Write your YAML here.\n"
EVEN = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ratings
spec:
  hosts: [ratings]
  http:
  - route:
    - destination: {host: ratings}
"""


@pytest.fixture(scope="module")
def connected(lab):
    with mt.connect() as mesh:
        yield mesh
        mesh.reset()


@pytest.fixture
def mesh(connected):
    connected.reset()
    return connected


@pytest.mark.parametrize("name", BOOK)
def test_the_reference_answer_is_correct_and_in_force_afterwards(mesh, name):
    exercise = mt.exercises[name]
    verdict = exercise.attempt(answers.reference(name))
    assert isinstance(verdict, Correct), repr(verdict)
    assert verdict
    assert "And it is " in verdict.reason, "it says what changed with the answer"
    assert exercise.verdict is verdict
    assert exercise.check(), "the learner's objects are back after the check"


@pytest.mark.parametrize(("name", "kind"), WRONG)
def test_a_wrong_answer_is_refused_with_what_was_expected_and_what_came(mesh, name, kind):
    verdict = mt.exercises[name].attempt(answers.wrong(name)[kind])
    assert isinstance(verdict, NotYet), repr(verdict)
    assert not verdict
    assert ": expected " in verdict.reason
    assert ", got " in verdict.reason


@pytest.mark.parametrize("name", BOOK)
def test_every_exercise_has_a_wrong_answer_on_record(name):
    assert answers.wrong(name)


@pytest.mark.parametrize("cell", [STUB, "", "\n  # a remark\n\n"])
@pytest.mark.parametrize("name", BOOK)
def test_an_unchanged_cell_is_not_attempted_and_changes_nothing(mesh, name, cell):
    before = rules_of(mesh)
    assert isinstance(mt.exercises[name].attempt(cell), NotAttempted)
    assert rules_of(mesh) == before


def rules_of(mesh) -> set[tuple[str, str]]:
    """Every rule and its revision; the mesh's revision as a whole moves when a pod's status does."""
    found = (obj["metadata"] for kind in kinds.RULES for obj in mesh.api.list(kind, mesh.namespace))
    return {(meta["uid"], meta["resourceVersion"]) for meta in found}


def test_without_rules_of_the_learner_a_check_is_not_attempted(mesh):
    assert isinstance(mt.exercises["6.1"].check(), NotAttempted)


def test_an_effect_that_has_another_cause_is_refused(mesh):
    """The pod itself fails 30 % of its requests: the rule of the learner does nothing."""
    pod = next(p for p in mesh.api.list(POD, "default", "app=ratings"))
    path = proxy_path(POD, "default", pod["metadata"]["name"], 9080, "/fault")
    mesh.api.request("PUT", path, body={"status": 503, "share": 0.3})
    mesh.apply(EVEN)
    verdict = mt.exercises["7.1"].check()
    assert isinstance(verdict, NotYet), repr(verdict)
    assert "it is not your objects that do it" in verdict.reason
    assert "VirtualService default/ratings" in verdict.reason
    assert mesh.get("vs", "ratings"), "what was taken away is back"


def test_the_rules_are_back_even_if_the_measurement_breaks_off(mesh, monkeypatch):
    exercise = mt.exercises["5.1"]
    mesh.apply(["manifests/06_split_traffic/destination-rule.yaml", answers.reference("5.1")])
    monkeypatch.setattr(type(exercise.task), "measure_without", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exercise.check()
    assert mesh.get("vs", "reviews")


def test_a_given_object_that_the_learner_changed_is_theirs_and_is_restored_for_the_comparison(mesh):
    answer = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v3}}
  - {name: v3, labels: {version: v3}}
---
""" + answers.reference("6.1")
    verdict = mt.exercises["6.1"].attempt(answer)
    assert isinstance(verdict, NotYet)
    assert "v3" in verdict.reason
    assert mesh.get("dr", "reviews")["spec"]["subsets"][1]["labels"] == {"version": "v3"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("kind: A\n  name: b\n", "line 2"),
        (answers.reference("6.1").replace("hosts:", "host:"), 'unknown field "spec.host"'),
        (answers.reference("6.1").replace("weight: 90", "weight: -90"), "weight"),
    ],
)
def test_yaml_that_cannot_be_read_or_is_refused_is_not_there_yet(mesh, answer, said):
    verdict = mt.exercises["6.1"].attempt(answer)
    assert isinstance(verdict, NotYet)
    assert said in repr(verdict)


def test_the_slip_is_named_beside_the_measurement(mesh):
    verdict = mt.exercises["6.1"].attempt(answers.wrong("6.1")["6.1-wrong-gateway"])
    assert any("does not name `mesh`" in tip for tip in verdict.tips)
    verdict = mt.exercises["5.1"].attempt(answers.wrong("5.1")["5.1-wrong-order"])
    assert any("takes every request" in tip for tip in verdict.tips)
    verdict = mt.exercises["7.1"].attempt(answers.wrong("7.1")["7.1-wrong-fraction"])
    assert any("0.3 means 0.3 of 100" in tip for tip in verdict.tips)
