"""One route in two languages: what is written, and what the model of the translator does with it."""

from __future__ import annotations

from collections import Counter

import pytest

from meshtutor.embedded.istio.validation import kinds as validation
from meshtutor.errors import MeshtutorError
from meshtutor.mesh.changes import Applied, Change
from meshtutor.providers.base import Distribution, ProxyAck
from meshtutor.traffic.statistics import same_share_test
from meshtutor.widgets import translator_rules
from meshtutor.widgets.split_rules import rules_for
from meshtutor.widgets.translator_model import TranslatorModel
from meshtutor.widgets.translator_rules import FORMS, PROBES, Backends, checked

SERVICE = {
    "metadata": {"name": "reviews"},
    "spec": {"selector": {"app": "reviews"}, "ports": [{"name": "http", "port": 9080, "targetPort": 9080}]},
}
BACKENDS = Backends(rules_for("reviews", "default", ["v1", "v3"], [], []), SERVICE, "v1", "v3")


class Mesh:
    """Notes what is applied, and answers every request as it is told to."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.answers = {form: Counter({"v1": 12}) for form in FORMS}

    def apply(self, objects: list[dict]) -> Applied:
        self.applied.append(objects[0]["kind"])
        acks = (ProxyAck("client.default", "ACK", 3.0),)
        changes = tuple(Change("configured", obj) for obj in objects)
        return Applied(changes, Distribution("1", True, acks, 3.0))

    def send(self, _) -> Counter[str]:
        return self.answers[self.applied[-1]]


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


@pytest.fixture
def model(mesh: Mesh) -> TranslatorModel:
    return TranslatorModel(BACKENDS, PROBES, mesh.apply, mesh.send)


def both(**route):
    whole = checked(route)
    return translator_rules.virtual_service(BACKENDS, whole), translator_rules.http_route(BACKENDS, whole)


def test_a_prefix_of_whole_parts_takes_two_matches_in_istios_api():
    rule, route = both(path="/reviews")
    assert [m["uri"] for m in rule["spec"]["http"][0]["match"]] == [
        {"exact": "/reviews"},
        {"prefix": "/reviews/"},
    ]
    (match,) = route["spec"]["rules"][0]["matches"]
    assert match["path"] == {"type": "PathPrefix", "value": "/reviews"}


def test_conditions_are_asked_for_together_in_both():
    rule, route = both(path="/reviews", path_kind="Exact", user="jason")
    (asked,) = rule["spec"]["http"][0]["match"]
    assert asked == {"uri": {"exact": "/reviews"}, "headers": {"end-user": {"exact": "jason"}}}
    (match,) = route["spec"]["rules"][0]["matches"]
    assert match["headers"] == [{"name": "end-user", "value": "jason"}]


@pytest.mark.parametrize(("percent", "weights"), [(0, [100]), (30, [70, 30]), (100, [100])])
def test_shares_are_the_same_in_both_and_a_share_of_nothing_is_left_out(percent: int, weights: list[int]):
    rule, route = both(percent=percent)
    assert [d["weight"] for d in rule["spec"]["http"][0]["route"]] == weights
    assert [b["weight"] for b in route["spec"]["rules"][0]["backendRefs"]] == weights
    assert len(rule["spec"]["http"]) == len(route["spec"]["rules"]) == 1


def test_what_is_written_passes_validation():
    for route in (
        {},
        {"path": "/reviews", "user": "jason", "percent": 5},
        {"path": "/", "path_kind": "Exact"},
    ):
        for form in FORMS:
            for obj in translator_rules.written(BACKENDS, checked({**route, "form": form})):
                obj["metadata"].setdefault("namespace", "default")
                assert validation.check(obj) == []


@pytest.mark.parametrize(
    "wrong",
    [{"form": "Ingress"}, {"path": "reviews"}, {"percent": 101}, {"percent": 1.5}, {"host": "a"}, "x"],
)
def test_what_is_no_route_is_named(wrong):
    with pytest.raises(MeshtutorError):
        checked(wrong)


def test_comparing_puts_both_forms_in_force_and_ends_with_the_chosen_one(mesh: Mesh, model: TranslatorModel):
    assert model.compare({"form": "VirtualService", "path": "/reviews"}) is True
    assert mesh.applied == ["HTTPRoute", "VirtualService"]
    assert model.route["form"] == "VirtualService"
    assert "both forms answer alike" in model.message


def test_forms_that_differ_are_said_to_differ(mesh: Mesh, model: TranslatorModel):
    mesh.answers["HTTPRoute"] = Counter({"v3": 12})
    assert model.compare({"path": "/reviews"}) is False
    assert "differ" in model.message


def test_what_was_measured_under_another_route_is_forgotten(model: TranslatorModel):
    model.compare({"path": "/reviews"})
    model.route = {"path": "/health"}
    assert set(model.answers) == {"HTTPRoute"}
    assert model.alike is None


def test_a_refused_draft_says_why_and_changes_nothing(mesh: Mesh, model: TranslatorModel):
    def refuse(_):
        raise MeshtutorError("no")

    model._apply = refuse
    assert not model.settle_both()
    assert (model.tone, model.message) == ("bad", "no")
    assert model.answers == {}


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [((6, 12), (6, 12), 0.99, 1.0), ((0, 12), (12, 12), 0.0, 1e-5), ((0, 0), (0, 5), 1.0, 1.0)],
)
def test_two_samples_of_one_share_are_told_from_two_of_different_ones(one, other, least, most):
    assert least <= same_share_test(*one, *other) <= most + 1e-9
