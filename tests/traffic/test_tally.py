"""Shares and their test against a target."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from meshtutor.traffic.tally import Tally


def test_a_share_knows_its_interval():
    share = Tally({"v1": 70, "v3": 30})["v3"]
    assert share.value == 0.3
    assert share.interval == pytest.approx((0.219, 0.396), abs=1e-3)
    assert repr(share) == "30.0% (95 % interval 21.9% to 39.6%; 30 of 100)"


def test_a_version_that_never_came_has_a_share_too():
    assert Tally({"v1": 100})["v2"].count == 0


def test_a_target_that_was_met():
    verdict = Tally({"v1": 139, "v3": 61}).test({"v1": 70, "v3": 30})
    assert verdict
    assert repr(verdict).startswith("As expected: v1 70%, v3 30% (200 requests;")


def test_a_target_that_was_missed_names_the_version_that_is_off():
    verdict = Tally({"v1": 100, "v2": 100}).test({"v1": 90, "v2": 10})
    assert not verdict
    assert "v" in repr(verdict)
    assert "got 50.0%, expected" in repr(verdict)


def test_one_answer_of_a_version_that_should_get_nothing_is_one_too_many():
    assert not Tally({"v1": 999, "v2": 1}).test({"v1": 100})


def test_failed_requests_count_against_the_target():
    assert not Tally({"v1": 70, "v3": 30, "none": 20}).test({"v1": 70, "v3": 30})


def test_no_requests_prove_nothing():
    verdict = Tally({}).test({"v1": 100})
    assert not verdict
    assert "Nothing to judge" in repr(verdict)


def test_three_versions_alarm_no_more_often_than_stated():
    chance, weights = random.Random(11), {"v1": 50, "v2": 30, "v3": 20}
    alarms = 0
    for _ in range(1000):
        drawn = Counter(chance.choices(list(weights), list(weights.values()), k=60))
        alarms += not Tally(drawn).test(weights, false_alarm=0.05)
    assert alarms <= 1000 * 0.05


def test_a_wrong_split_is_noticed_when_enough_was_sent():
    chance = random.Random(3)
    drawn = Counter(chance.choices(["v1", "v2"], [80, 20], k=700))
    assert not Tally(drawn).test({"v1": 90, "v2": 10})


def test_how_many_more_requests_are_needed():
    assert Tally({"v1": 100}).still_needed(0.1, 0.2) == 191
    assert Tally({"v1": 1000}).still_needed(0.1, 0.2) == 0


def test_the_text_has_a_line_per_version():
    assert repr(Tally({"v2": 1, "v1": 3})).splitlines()[0].startswith("v1  3  75.0%")


def test_names_cannot_smuggle_html():
    assert "<script>" not in Tally({"<script>": 1})._repr_html_()
