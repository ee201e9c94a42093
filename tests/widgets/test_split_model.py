"""The model of a split, without a browser and without a lab."""

from __future__ import annotations

import pytest

from meshtutor.errors import LabError, MeshtutorError
from meshtutor.mesh.changes import Applied, Change
from meshtutor.providers.base import Distribution, ProxyAck
from meshtutor.widgets.split_model import SplitModel
from meshtutor.widgets.split_rules import rules_for
from tests.widgets.test_split_rules import route, virtual_service


class Recorder:
    """An apply that remembers, and answers with `acks` or raises `error`."""

    def __init__(self) -> None:
        self.applied: list[list[dict]] = []
        self.acks = tuple(ProxyAck(f"p{i}.default", "ACK", 1.0 + i, ("RDS",)) for i in range(8))
        self.error: Exception | None = None

    def __call__(self, objects) -> Applied:
        self.applied.append(objects)
        if self.error:
            raise self.error
        return Applied((Change("configured", objects[0]),), Distribution("1", True, self.acks, 6.25))

    @property
    def weights(self) -> dict[str, int]:
        route = self.applied[-1][0]["spec"]["http"][-1]["route"]
        return {d["destination"]["subset"]: d["weight"] for d in route}


@pytest.fixture
def apply() -> Recorder:
    return Recorder()


@pytest.fixture
def model(apply) -> SplitModel:
    return SplitModel(
        rules_for("reviews", "default", ["v1", "v2", "v3"], [], []), apply, clock=lambda: 1000.0
    )


def test_at_first_nothing_is_applied_and_the_draft_is_even(model, apply):
    assert (model.weights, model.draft, model.ruled) == ({}, {"v1": 34, "v2": 33, "v3": 33}, False)
    assert apply.applied == []


def test_setting_weights_applies_them_and_tells_how_long_the_proxies_took(model, apply):
    model.weights = {"v1": 70, "v3": 30}
    assert apply.weights == model.weights == model.draft == {"v1": 70, "v2": 0, "v3": 30}
    assert (model.proxies, model.milliseconds, model.changed_at) == (8, 6.25, 1000.0)
    assert (model.message, model.tone) == ("8 proxies acknowledged (ACK) in 6.25 ms", "good")


def test_exactly_the_changed_weight_lines_are_marked(model):
    model.weights = {"v1": 70, "v3": 30}
    model.weights = {"v1": 60, "v3": 40}
    lines = model.yaml.splitlines()
    assert [lines[number - 1].strip() for number in model.changed] == ["weight: 60", "weight: 40"]


def test_dragging_shows_a_draft_and_settling_applies_it(model, apply):
    model.weights = {"v1": 100}
    model.drag("v3", 30)
    assert model.draft == {"v1": 70, "v2": 0, "v3": 30}
    assert model.weights["v3"] == 0
    assert "weight: 30" in model.yaml
    assert model.settle()
    assert apply.weights["v3"] == 30


def test_a_draft_that_moved_on_during_an_apply_stays(model, apply, monkeypatch):
    """A dragged slider is ahead of the mesh; an answer to an older position must not pull it back."""
    answer = apply.__call__

    def slow(objects):
        model.drag("v1", 60)
        return answer(objects)

    model._apply = slow
    model.drag("v1", 50)
    assert model.settle()
    assert model.weights["v1"] == 50
    assert model.draft["v1"] == 60


def test_weights_that_make_no_sense_change_nothing(model, apply):
    with pytest.raises(MeshtutorError, match="sum to 90"):
        model.weights = {"v1": 90}
    assert apply.applied == []
    assert model.weights == {}


def test_a_refusal_reaches_a_script_as_an_error_and_leaves_the_weights_as_they_were(model, apply):
    model.weights = {"v1": 100}
    apply.error = MeshtutorError("refused", "try again")
    with pytest.raises(MeshtutorError, match="refused"):
        model.weights = {"v2": 100}
    assert model.weights == {"v1": 100, "v2": 0, "v3": 0}
    assert not model.busy


def test_a_refusal_reaches_a_browser_as_a_sentence(model, apply):
    model.drag("v1", 80)
    apply.error = LabError("The Kubernetes API does not answer.", "meshtutor up")
    assert model.settle() is False
    assert (model.tone, model.message) == ("bad", "The Kubernetes API does not answer.\n  → meshtutor up")
    apply.error = None
    assert model.settle() is True
    assert model.tone == "good"


def test_a_rejecting_proxy_is_quoted(model, apply):
    apply.acks = (ProxyAck("reviews-v1.default", "NACK", 3.0, ("RDS",), "bad regex"),)
    model.weights = {"v1": 100}
    assert model.tone == "bad"
    assert "reviews-v1.default: bad regex" in model.message


def test_it_starts_where_the_learners_rule_is(apply):
    own = virtual_service(http=[{"route": [route("v1", 90), route("v2", 10)]}])
    model = SplitModel(rules_for("reviews", "default", ["v1", "v2"], [], [own]), apply)
    assert model.weights == model.draft == {"v1": 90, "v2": 10}
    assert apply.applied == []


def test_observers_see_only_weights_that_were_applied(model, apply):
    seen = []
    model.observe(lambda change: seen.append((change["new"], len(apply.applied))), "weights")
    model.weights = {"v1": 100}
    assert seen == [({"v1": 100, "v2": 0, "v3": 0}, 1)]
