"""Counting from raw samples: whole requests, whatever happened to the counters."""

from __future__ import annotations

import pytest

from meshtutor.telemetry.counters import by_label, first_scrapes, increase, seconds_of, selector
from meshtutor.telemetry.istio import RequestSamples
from meshtutor.telemetry.results import Matrix, Series

TARGET = {"job": "pods", "instance": "127.9.16.1:15090"}


def series(points, **labels) -> Series:
    return Series({**TARGET, **labels}, tuple(points))


def test_growth_between_two_scrapes_is_exact():
    assert increase([(0, 5), (1, 8), (2, 20), (3, 21)], start=1, end=3) == 13


def test_samples_before_and_after_the_window_do_not_count():
    assert increase([(0, 5), (1, 8), (2, 20), (3, 99)], start=1, end=2) == 12


def test_a_counter_that_fell_was_reset_and_counts_from_zero():
    assert increase([(0, 100), (1, 110), (2, 3), (3, 4)], start=0, end=3) == 14


def test_a_series_born_on_a_known_target_counts_from_zero():
    assert increase([(2, 7), (3, 9)], start=1, end=3, scraped_since=0.0) == 9


def test_a_series_on_a_new_target_does_not_count_what_was_before():
    assert increase([(2, 700), (3, 702)], start=1, end=3, scraped_since=2.0) == 2
    assert increase([(2, 700), (3, 702)], start=1, end=3) == 2


def test_nothing_inside_the_window_is_nothing():
    assert increase([(0, 5)], start=1, end=3) == 0
    assert increase([], start=1, end=3) == 0


def test_versions_are_added_up_over_pods_and_codes():
    requests = [
        series([(0, 0), (1, 10)], destination_version="v1", response_code="200"),
        series([(0, 0), (1, 3)], destination_version="v1", response_code="503"),
        series([(1, 4)], destination_version="v2", response_code="200"),
        series([(0, 9), (1, 9)], destination_version="v3", response_code="200"),
    ]
    up = first_scrapes([series([(-5, 1), (1, 1)])])
    assert by_label(requests, "destination_version", 0, 1, up) == {"v1": 13, "v2": 4}


def test_the_clock_is_that_of_the_target_with_the_most_requests():
    busy = [series([(0.2, 0), (1.2, 20), (2.2, 40)], v="v1"), series([(1.2, 1), (2.2, 9)], v="v2")]
    idle = Series({"job": "pods", "instance": "other"}, ((0.7, 5), (1.7, 5), (2.7, 6)))
    samples = RequestSamples(Matrix("", (idle, *busy)), Matrix(""))
    assert samples.scrape_times(0.5) == [1.2, 2.2]
    assert RequestSamples(Matrix(""), Matrix("")).scrape_times(0) == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("1m30s", 90), ("500ms", 0.5), ("2h", 7200), (7, 7)]
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "10x", "s", "10s!"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        seconds_of(text)


def test_label_values_are_escaped():
    assert selector("up", {"a": 'x"y\\z'}) == 'up{a="x\\"y\\\\z"}'
