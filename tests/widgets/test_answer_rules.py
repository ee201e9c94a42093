"""Retries, timeouts, circuit breakers and load balancing as the widgets write them."""

from __future__ import annotations

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.widgets import balancer_rules, breaker_rules, retry_rules
from meshtutor.widgets.split_rules import rules_for

OWN = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "mine"},
    "spec": {
        "hosts": ["reviews"],
        "http": [
            {"redirect": {"uri": "/x"}},
            {"match": [{}], "retries": {"attempts": 9}, "route": [{"weight": 1}]},
        ],
    },
}
LIMITED = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "mine"},
    "spec": {
        "host": "reviews",
        "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}, "connectionPool": {"x": 1}},
    },
}


def rules(*, services=(), destinations=()):
    return rules_for("reviews", "default", ["v1"], destinations, services)


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        ({}, {"retries": {"attempts": 2}}),
        ({"attempts": 0, "retry_on": "5xx", "per_try_timeout": 1}, {"retries": {"attempts": 0}}),
        ({"timeout": 0.25, "attempts": 1}, {"timeout": "250ms", "retries": {"attempts": 1}}),
        (
            {"attempts": 3, "retry_on": "503", "per_try_timeout": 2},
            {"retries": {"attempts": 3, "perTryTimeout": "2s", "retryOn": "503"}},
        ),
    ],
)
def test_a_policy_is_written_without_what_it_does_not_say(policy, fields):
    assert retry_rules.istio(retry_rules.checked(policy)) == fields


def test_the_learners_routes_get_the_policy_and_redirects_do_not():
    written = retry_rules.virtual_service(rules(services=[OWN]), retry_rules.checked({"attempts": 1}))
    redirect, route = written["spec"]["http"]
    assert redirect == {"redirect": {"uri": "/x"}}
    assert list(route) == ["match", "retries", "route"]
    assert route["retries"] == {"attempts": 1}
    assert OWN["spec"]["http"][1]["retries"] == {"attempts": 9}, "the learner's own object stays as it was"


@pytest.mark.parametrize(
    "wrong", [{"attempts": -1}, {"attempts": True}, {"retry_on": 5}, {"tries": 1}, "5xx"]
)
def test_what_is_no_policy_is_refused(wrong):
    with pytest.raises(MeshtutorError):
        retry_rules.checked(wrong)


def test_without_limits_there_is_no_policy():
    assert breaker_rules.istio(breaker_rules.checked({})) == {}
    assert "trafficPolicy" not in breaker_rules.destination_rule(rules(), breaker_rules.checked({}))["spec"]


def test_a_breaker_replaces_the_limits_of_the_learners_rule_and_keeps_the_rest():
    asked = {
        "max_connections": 1,
        "consecutive_5xx": 3,
        "base_ejection_seconds": 1.5,
        "max_ejection_percent": 50,
    }
    written = breaker_rules.destination_rule(rules(destinations=[LIMITED]), breaker_rules.checked(asked))
    assert written["metadata"]["name"] == "mine"
    assert written["spec"]["trafficPolicy"] == {
        "loadBalancer": {"simple": "RANDOM"},
        "connectionPool": {"tcp": {"maxConnections": 1}},
        "outlierDetection": {
            "consecutive5xxErrors": 3, "interval": "1s", "baseEjectionTime": "1500ms", "maxEjectionPercent": 50
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "balancer"),
    [
        ({}, {"simple": "LEAST_REQUEST"}),
        ({"algorithm": "RANDOM", "key": "httpCookie"}, {"simple": "RANDOM"}),
        ({"algorithm": "ringHash"}, {"consistentHash": {"httpHeaderName": "end-user"}}),
        (
            {"algorithm": "ringHash", "key": "httpCookie", "user": "alice"},
            {"consistentHash": {"httpCookie": {"name": "end-user", "ttl": "90s"}}},
        ),
        (
            {"algorithm": "maglev", "key": "useSourceIp"},
            {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 1009}}},
        ),
    ],
)
def test_only_a_hash_has_a_key_and_who_sends_is_no_part_of_the_rule(asked, balancer):
    assert balancer_rules.istio(balancer_rules.checked(asked)) == {"loadBalancer": balancer}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"algorithm": "LEAST_CONN"}, "LEAST_CONN"),
        ({"key": "httpHeader"}, "httpHeader"),
        ({"user": "a b"}, "a b"),
        ({"user": 5}, "5"),
        ({"table": "ring"}, "table"),
    ],
)
def test_what_is_no_way_to_balance_is_refused_by_name(wrong, named):
    with pytest.raises(MeshtutorError) as error:
        balancer_rules.checked(wrong)
    assert named in error.value.message


def test_an_algorithm_replaces_that_of_the_learners_rule_and_keeps_the_rest():
    asked = balancer_rules.checked({"algorithm": "ROUND_ROBIN"})
    written = balancer_rules.destination_rule(rules(destinations=[LIMITED]), asked)
    assert written["metadata"]["name"] == "mine"
    assert written["spec"]["trafficPolicy"] == {
        "connectionPool": {"x": 1},
        "loadBalancer": {"simple": "ROUND_ROBIN"},
    }
    assert LIMITED["spec"]["trafficPolicy"]["loadBalancer"] == {"simple": "RANDOM"}, "the learner's own stays"
