"""The models of the match builder and the fault injector, without a browser and without a lab."""

from __future__ import annotations

import threading
import time

import pytest

from meshtutor.charts import answering
from meshtutor.errors import LabError, MeshtutorError
from meshtutor.traffic.load import Load
from meshtutor.traffic.outcome import Outcome, Request
from meshtutor.widgets.fault_model import FaultModel
from meshtutor.widgets.match_model import MatchModel, Row
from meshtutor.widgets.match_rules import PROBES, Form
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.split_rules import rules_for
from tests.widgets.fake_mesh import Mesh

JASON = {"headers": {"end-user": {"exact": "jason"}}}


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


@pytest.fixture
def matching(mesh) -> MatchModel:
    rules = rules_for("reviews", "default", ["v1", "v2", "v3"], [], [])
    rows = (Row(PROBES[0], "v1", 200, "http[1]", "", False), Row(PROBES[1], "v3", 200, "http[0]", "", True))
    return MatchModel(rules, "v3", "v1", mesh.apply, lambda caught: rows)


@pytest.fixture
def faulty(mesh) -> FaultModel:
    return FaultModel(rules_for("ratings", "default", ["v1"], [], []), mesh.apply)


def http(mesh: Mesh) -> list[dict]:
    return mesh.applied[-1][0]["spec"]["http"]


def test_nothing_is_applied_until_it_is_asked_for(mesh, matching, faulty):
    assert mesh.applied == []
    assert matching.rows == ()
    assert "exact: jason" in matching.yaml
    assert "fault" not in faulty.yaml


def test_a_match_is_the_first_rule_and_what_it_does_not_catch_goes_to_the_second(mesh, matching):
    matching.match = JASON
    first, second = http(mesh)
    assert first["match"] == [JASON]
    assert first["route"] == [{"destination": {"host": "reviews", "subset": "v3"}}]
    assert "match" not in second
    assert second["route"] == [{"destination": {"host": "reviews", "subset": "v1"}}]
    assert [obj["kind"] for obj in mesh.applied[-1]] == ["VirtualService", "DestinationRule"]
    assert matching.message.startswith("1 of 2 requests caught · 1 proxy acknowledged (ACK)")
    assert matching.tone == "good"


def test_a_match_without_conditions_takes_every_request(mesh, matching):
    matching.match = {}
    assert "match" not in http(mesh)[0]


def test_what_is_refused_leaves_match_draft_and_rows_as_they_were(mesh, matching):
    matching.match = JASON
    rows, mesh.refusal = matching.rows, LabError("no")
    with pytest.raises(LabError):
        matching.match = {"uri": {"regex": "("}}
    assert matching.match == matching.draft == JASON
    assert matching.rows == rows
    matching.draft = {"uri": {"regex": "("}}
    assert not matching.settle()
    assert (matching.tone, matching.message) == ("bad", "no")
    assert matching.match == JASON


def test_what_is_no_mapping_is_no_match(matching):
    with pytest.raises(MeshtutorError):
        matching.match = "jason"


@pytest.mark.parametrize(
    "form",
    [
        Form(),
        Form(uri="/reviews", user="jason"),
        Form("regex", "/r.*", "prefix", "j", "GET", "preview=true"),
        Form(query="preview"),
    ],
)
def test_a_form_and_its_match_say_the_same(form):
    assert Form.of(form.match()).match() == form.match()


def test_a_form_writes_all_conditions_into_one_entry():
    assert Form("exact", "/a", "prefix", "j", "GET", "q=1").match() == {
        "uri": {"exact": "/a"},
        "method": {"exact": "GET"},
        "headers": {"end-user": {"prefix": "j"}},
        "queryParams": {"q": {"exact": "1"}},
    }


def test_only_what_changed_is_marked_and_stays_marked_when_it_is_in_force(matching):
    assert matching.changed == ()
    matching.match = JASON
    matching.draft = {"headers": {"end-user": {"exact": "jasmin"}}}
    (line,) = matching.changed
    assert "jasmin" in matching.yaml.splitlines()[line - 1]
    matching.settle()
    assert matching.changed == (line,)
    matching.forget()
    assert (matching.changed, matching.rows, matching.message) == ((), (), "")


def test_a_draft_that_moves_on_while_it_is_applied_is_not_pulled_back(mesh, faulty):
    faulty.draft = {"abort_percent": 10}
    mesh.during = lambda: setattr(faulty, "draft", {"abort_percent": 20})
    faulty.settle()
    assert faulty.fault["abort_percent"] == 10
    assert faulty.draft["abort_percent"] == 20


def test_numbers_become_a_fault_and_no_share_becomes_none(mesh, faulty):
    faulty.fault = {"abort_percent": 30, "delay_percent": 20, "delay_seconds": 0.5}
    assert http(mesh)[0]["fault"] == {
        "delay": {"percentage": {"value": 20}, "fixedDelay": "500ms"},
        "abort": {"percentage": {"value": 30}, "httpStatus": 503},
    }
    assert faulty.target == {"200": 0.7, "503": 0.3}
    faulty.fault = {"delay_percent": 0, "delay_seconds": 2.0}
    assert "fault" not in http(mesh)[0]


def test_a_rule_of_the_learner_keeps_its_routes_and_each_gets_the_fault(mesh):
    own = {
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "mine"},
        "spec": {"hosts": ["ratings"], "http": [
            {"match": [JASON], "route": [{"destination": {"host": "ratings"}}]},
            {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/new"}},
            {"route": [{"destination": {"host": "ratings"}}]},
        ]},
    }  # fmt: skip
    model = FaultModel(rules_for("ratings", "default", ["v1"], [], [own]), mesh.apply)
    model.fault = {"abort_percent": 100}
    assert mesh.applied[-1][0]["metadata"]["name"] == "mine"
    assert ["fault" in route for route in http(mesh)] == [True, False, True]
    assert http(mesh)[0]["match"] == [JASON]


@pytest.mark.parametrize("wrong", [{"abort": 30}, {"abort_percent": 130}, {"delay_seconds": "1s"}, 30])
def test_a_number_that_cannot_be_is_named_and_nothing_is_applied(mesh, faulty, wrong):
    with pytest.raises(MeshtutorError) as error:
        faulty.fault = wrong
    assert "xpected" in error.value.hint or "may have" in error.value.hint
    assert mesh.applied == []


def test_a_recorder_forgets_what_is_old_and_judges_only_what_was_sent_under_the_rule():
    recorder = Recorder(lambda: None, clock=lambda: 100.0)
    recorder.add([Outcome(200, 1.0, at=at) for at in (10.0, 50.0, 80.0, 90.0)])
    assert [o.at for o in recorder.recent(30)] == [80.0, 90.0]
    recorder.since = 85.0
    assert [o.at for o in recorder.under_the_rule()] == [90.0]


def test_a_recorder_tells_of_changes_while_its_lease_lasts(monkeypatch):
    monkeypatch.setattr("meshtutor.widgets.recorder.TICK_SECONDS", 0.01)
    told = threading.Event()
    recorder = Recorder(told.set)
    recorder.run(5)
    assert told.wait(5)
    recorder.stop()
    assert not recorder.running
    told.clear()
    recorder.run(0.05)
    deadline = time.monotonic() + 5
    while recorder.running:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_load_tells_its_listener_what_came():
    class Good:
        def send(self, request, n, **rest):
            return [Outcome(200, 1.0)] * n

    heard, enough = [], threading.Event()
    load = Load(Good(), Request("http://ratings/"), rate=200)
    load.listener = lambda outcomes: (heard.extend(outcomes), enough.set())
    load.run(5)
    assert enough.wait(5)
    load.close()
    assert len(heard) == load.sent


def test_the_chart_has_dots_by_outcome_and_shares_with_what_was_asked_for():
    outcomes = [Outcome(200, 5.0, at=99.0)] * 70 + [Outcome(503, 2.0, at=98.0)] * 30
    good, bad, bars, marks = answering.traces(outcomes, outcomes, {"200": 0.7, "503": 0.3}, now=100.0)
    assert (len(good.x), len(bad.x)) == (70, 30)
    assert (good.x[0], bad.x[0]) == (-1.0, -2.0)
    assert (bars.x, bars.y) == (["HTTP 200", "HTTP 503"], [70.0, 30.0])
    assert all(0 < up < 12 for up in bars.up)
    assert marks.y == [70.0, 30.0]
    assert "503: 30% (asked for 30%) of 100" in repr(
        answering.answers(outcomes, outcomes, {"503": 0.3}, 100.0)
    )
    assert answering.words([], {}) == "no requests under this rule yet"
