"""The load balancer: its model without a lab, and the whole widget on real Envoys."""

from __future__ import annotations

import time

import pytest

import meshtutor as mt
from meshtutor.errors import LabError, NotFoundError
from meshtutor.traffic.outcome import Request
from meshtutor.widgets.balancer_model import BalancerModel
from meshtutor.widgets.load_balancer import USERS, sent_by
from meshtutor.widgets.split_rules import rules_for
from tests.widgets.fake_mesh import Mesh


@pytest.fixture
def fake() -> Mesh:
    return Mesh()


@pytest.fixture
def model(fake) -> BalancerModel:
    return BalancerModel(rules_for("reviews", "default", ["v1", "v3"], [], []), fake.apply)


def policy(fake: Mesh) -> dict:
    return fake.applied[-1][0]["spec"]["trafficPolicy"]


def test_what_is_chosen_is_applied_and_what_is_not_named_is_the_default(fake, model):
    assert fake.applied == []
    model.balancer = {"algorithm": "ringHash"}
    assert policy(fake) == {"loadBalancer": {"consistentHash": {"httpHeaderName": "end-user"}}}
    assert model.balancer == {"algorithm": "ringHash", "key": "httpHeaderName", "user": ""}
    assert model.tone == "good"


def test_who_sends_changes_no_rule_but_the_counting_begins_anew(fake, model):
    model.balancer = {"algorithm": "RANDOM"}
    began, rule = model.changed_at, fake.applied[-1]
    model.balancer = {"algorithm": "RANDOM", "user": "alice"}
    assert fake.applied[-1] == rule
    assert model.changed_at > began
    assert model.changed == ()


def test_what_is_refused_leaves_the_algorithm_in_force(fake, model):
    model.balancer = {"algorithm": "RANDOM"}
    fake.refusal = LabError("no")
    model.draft = {"algorithm": "maglev"}
    assert not model.settle()
    assert (model.tone, model.message) == ("bad", "no")
    assert model.balancer["algorithm"] == "RANDOM"


def test_a_request_carries_its_user_wherever_a_hash_may_look():
    request = sent_by("alice", Request("http://reviews:9080/reviews/0", timeout=3.0))
    assert request.url == "http://reviews:9080/reviews/0?end-user=alice"
    assert request.headers == {"end-user": "alice", "cookie": "end-user=alice"}
    assert request.timeout == 3.0


@pytest.fixture(scope="module")
def connected(lab):
    with mt.connect() as mesh:
        yield mesh
        mesh.reset()


@pytest.fixture
def balancer(connected):
    connected.reset()
    made = mt.widgets.LoadBalancer(connected, "reviews", rate=100)
    yield made
    made.close()


def until(true, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


@pytest.mark.parametrize("key", ["httpHeaderName", "httpCookie", "httpQueryParameterName"])
@pytest.mark.parametrize("table", ["ringHash", "maglev"])
def test_each_user_has_one_pod_whatever_is_hashed(balancer, key, table):
    balancer.model.balancer = {"algorithm": table, "key": key}
    reports = [balancer.send(6, user=user) for user in USERS]
    assert all(report.ok == 6 for report in reports), reports
    met = [list(report.by_pod) for report in reports]
    assert all(len(pods) == 1 for pods in met), met
    assert len({pods[0] for pods in met}) > 1, "twenty users have more than one favourite"


def test_the_background_load_sends_for_everybody_or_for_one(balancer):
    balancer.model.balancer = {"algorithm": "ringHash"}
    balancer.resume()
    seen = balancer._live.observer.under_the_rule
    until(lambda: len({outcome.pod for outcome in seen()}) > 1)
    assert all(outcome.ok for outcome in seen())
    assert "reviews-v" in repr(balancer)
    balancer.model.balancer = {"algorithm": "ringHash", "user": "alice"}
    until(lambda: len(seen()) > 60)
    # what was under way when the rule changed may still be somebody else's
    assert len({outcome.pod for outcome in seen()[20:]}) == 1


def test_restored_there_is_no_rule_of_it(connected, balancer):
    balancer.model.balancer = {"algorithm": "RANDOM"}
    assert connected.get("dr", "reviews")
    balancer.restore()
    with pytest.raises(NotFoundError):
        connected.get("dr", "reviews")
