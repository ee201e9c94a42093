"""Counters through a slower scrape: which samples stay, what is seen late, and what is never seen."""

from __future__ import annotations

import pytest

from meshtutor.telemetry.recorded import INCIDENTS, two_incidents
from meshtutor.telemetry.results import Series
from meshtutor.telemetry.scraping import History, seen, thinned, truth


def every_second(values, first=0.0, **labels: str) -> Series:
    return Series(labels, tuple((first + i + 0.2, float(value)) for i, value in enumerate(values)))


STEADY = every_second(range(0, 1200, 2), job="a", instance="1")


def test_a_slower_scrape_keeps_real_samples_at_its_pace():
    (kept,) = thinned([STEADY], 15, 7.0)
    assert set(kept.points) < set(STEADY.points)
    assert kept.times[:3] == [7.2, 22.2, 37.2]
    assert thinned([STEADY], 1, 0.0)[0].points == STEADY.points


def test_the_series_of_a_target_are_scraped_together_and_targets_apart():
    young = every_second([5] * 100, 30.0, job="a", instance="1", response_code="503")
    other = Series({"job": "a", "instance": "2"}, tuple((i + 0.7, 1.0) for i in range(200)))
    kept, late, elsewhere = thinned([STEADY, young, other], 15, 0.0)
    assert set(late.times) <= set(kept.times)
    assert not set(elsewhere.times) & set(kept.times)


def test_what_was_not_scraped_then_nobody_has_scraped():
    holey = Series({}, tuple(point for point in STEADY.points if not 14 < point[0] < 20))
    (kept,) = thinned([holey], 15, 0.0)
    assert kept.times[:4] == [0.2, 30.2, 45.2, 60.2]


@pytest.mark.parametrize(
    ("interval", "window", "empty"), [(1, 5, 0.0), (15, 30, 0.0), (60, 30, 1.0), (60, 119, 0.0)]
)
def test_a_window_needs_two_scrapes(interval, window, empty):
    history = History((STEADY,), 200.0, 400.0, "x")
    found = seen(history, interval, window)
    assert found.empty == pytest.approx(empty, abs=0.05)
    if not empty:
        assert found.peak == pytest.approx(2.0, rel=0.05)


def test_truth_counts_new_series_from_zero():
    burst = every_second([40, 40, 40], 50.0, job="a", instance="1")
    happened = dict(truth(History((burst,), 0.0, 60.0, "x")))
    assert happened[51.0] == 40
    assert sum(happened.values()) == 40


def test_the_recording_is_of_two_incidents():
    history = two_incidents()
    assert history.interval == pytest.approx(1.0, abs=0.05)
    happened = truth(history)
    inside = sum(n for at, n in happened if any(start < at <= end + 2 for start, end in INCIDENTS))
    assert inside == sum(n for _, n in happened) > 200
    for start, end in INCIDENTS:
        rate = sum(n for at, n in happened if start < at <= end + 2) / (end - start)
        assert 4 < rate < 8, "half of 12 per second"


def test_a_burst_between_two_scrapes_of_a_new_series_is_never_seen():
    """The first incident, with slow scrapes at 48 s and 108 s: the first sample has all the errors already."""
    found = seen(two_incidents(), 60, 120, phase=48.0)
    (start, end), (again, _) = INCIDENTS
    assert found.first_above(0.1, start, again) is None
    assert found.first_above(0.1, again) is not None
    assert seen(two_incidents(), 1, 5).first_above(0.1, start, end) < 10
