"""Sliders that always sum to 100."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.weights import checked, even, moved

NAMES = ["v1", "v2", "v3", "v4"]


@st.composite
def weights(draw):
    names = NAMES[: draw(st.integers(2, 4))]
    state = even(names)
    for _ in range(draw(st.integers(0, 5))):
        state = moved(state, draw(st.sampled_from(names)), draw(st.integers(0, 100)))
    return state


@given(weights(), st.data(), st.integers(-10, 120))
def test_whatever_is_moved_the_sum_stays_100_and_the_moved_one_is_where_it_was_put(state, data, value):
    name = data.draw(st.sampled_from(sorted(state)))
    after = moved(state, name, value)
    assert sum(after.values()) == 100
    assert after[name] == max(0, min(100, value))
    assert list(after) == list(state)
    assert all(0 <= weight <= 100 for weight in after.values())


def test_the_others_keep_their_proportion():
    assert moved({"v1": 60, "v2": 30, "v3": 10}, "v3", 40) == {"v1": 40, "v2": 20, "v3": 40}


def test_others_that_had_nothing_share_evenly():
    assert moved({"v1": 100, "v2": 0, "v3": 0}, "v1", 50) == {"v1": 50, "v2": 25, "v3": 25}


def test_a_single_version_has_everything():
    assert moved({"v1": 100}, "v1", 30) == {"v1": 100}


def test_even_as_far_as_whole_percents_allow():
    assert even(["v1", "v2", "v3"]) == {"v1": 34, "v2": 33, "v3": 33}
    assert even(["v1", "v2"]) == {"v1": 50, "v2": 50}


def test_a_version_left_out_gets_nothing():
    assert checked({"v1": 70, "v3": 30}, ["v1", "v2", "v3"]) == {"v1": 70, "v2": 0, "v3": 30}


@pytest.mark.parametrize(
    ("given_weights", "message"),
    [
        ({"v1": 70, "v3": 20}, "The weights sum to 90, not to 100"),
        ({"v1": 70, "v9": 30}, "There is no subset 'v9'; there are v1, v2, v3"),
        ({"v1": 130, "v2": -30}, "whole numbers from 0 to 100"),
        ({"v1": 33.4, "v2": 66.6}, "whole numbers from 0 to 100"),
    ],
)
def test_what_cannot_be_is_refused_with_an_example(given_weights, message):
    with pytest.raises(MeshtutorError, match=message) as caught:
        checked(given_weights, ["v1", "v2", "v3"])
    assert '"v1": 34' in caught.value.hint
