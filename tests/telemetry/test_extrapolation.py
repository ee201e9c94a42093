"""rate() and increase() as Prometheus computes them: beside a real Prometheus, on many kinds of counters."""

from __future__ import annotations

import random
import time

import pytest

from meshtutor.telemetry.extrapolation import increase, rate, sum_of_rates
from meshtutor.telemetry.results import Series
from tests.support.prometheus import running

WINDOWS = (5, 15, 30, 60, 61, 120, 300)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    with running(tmp_path_factory.mktemp("prometheus")) as started:
        yield started


def counter(rng: random.Random, start: float, gap: float, n: int, *, resets: bool, jitter: float, first: int):
    """A counter as scrapes find it: grows in leaps, is missed now and then, may be reset."""
    value, points = first, []
    for i in range(n):
        value = 0 if resets and rng.random() < 0.1 else value + rng.choice((0, 0, 1, 7, 40))
        if rng.random() > 0.1:
            points.append((round(start + i * gap + rng.uniform(0, jitter), 3), float(value)))
    return points


@pytest.mark.parametrize("seed", range(12))
def test_as_the_real_prometheus_says(prometheus, seed):
    rng = random.Random(seed)
    gap, now = rng.choice((1, 15, 60)), float(int(time.time()))
    points = counter(rng, now - 600, gap, int(600 / gap), resets=seed % 2 == 0, jitter=rng.choice((0.0, 0.4)),
                     first=rng.choice((0, 3, 5000)))  # fmt: skip
    prometheus.write({"__name__": "c", "seed": str(seed)}, points)
    compared = 0
    for at in (now - 600 + step for step in range(1, 620, 37)):
        for window in WINDOWS:
            said = prometheus.value(f'increase(c{{seed="{seed}"}}[{window}s])', at)
            assert increase(points, at, window, prometheus.major) == pytest.approx(said), (at, window)
            said = prometheus.value(f'rate(c{{seed="{seed}"}}[{window}s])', at)
            assert rate(points, at, window, prometheus.major) == pytest.approx(said), (at, window)
            compared += said is not None
    assert compared > 5, "there was something to compare"


def test_series_without_data_do_not_count_in_a_sum(prometheus):
    now = float(int(time.time()))
    series = [
        Series({"code": "200"}, tuple((now - 60 + i, float(3 * i)) for i in range(60))),
        Series({"code": "503"}, ((now - 1, 4.0),)),
    ]
    for one in series:
        prometheus.write({"__name__": "s", **one.labels}, one.points)
    for at in (now, now - 59, now + 600):
        said = prometheus.value("sum(rate(s[10s]))", at)
        assert sum_of_rates(series, at, 10, prometheus.major) == pytest.approx(said)
    assert sum_of_rates(series, now + 600, 10) is None


def test_fewer_than_two_samples_are_no_data_and_not_zero():
    every_minute = [(0.0, 0.0), (60.0, 10.0), (120.0, 20.0)]
    assert rate(every_minute, 130, 30) is None
    assert rate(every_minute, 130, 65) is None
    assert rate(every_minute, 130, 90) == pytest.approx(10 / 60 * (60 + 20 + 10) / 90)


def test_a_new_series_that_grows_between_two_scrapes_only_has_no_rate():
    """The classic lost burst: 400 errors before the first scrape, none afterwards."""
    assert increase([(60.0, 400.0), (120.0, 400.0)], 130, 120) == 0.0


def test_of_prometheus_3_a_window_does_not_contain_its_oldest_edge():
    points = [(0.0, 0.0), (30.0, 30.0), (60.0, 60.0)]
    assert increase(points, 60, 60, major=3) == pytest.approx(30 / 30 * (30 + 30))
    assert increase(points, 60, 60, major=2) == pytest.approx(60)
    assert increase(points, 30, 30, major=3) is None
    assert increase(points, 30, 30, major=2) == pytest.approx(30)


def test_of_prometheus_3_half_a_gap_is_the_most_that_a_young_series_is_stretched():
    """It began at 100 with a count that would reach zero 10.5 s earlier: beyond half a gap, within 1.1 gaps."""
    points = [(100.0, 10.5), (110.0, 20.5)]
    assert increase(points, 110, 60, major=3) == pytest.approx(10 * (10 + 5) / 10)
    assert increase(points, 110, 60, major=2) == pytest.approx(10 * (10 + 10.5) / 10)


def test_a_counter_is_not_stretched_below_zero():
    points = [(100.0, 1.0), (110.0, 11.0)]
    for major in (2, 3):
        assert increase(points, 110, 60, major) == pytest.approx(10 * (10 + 1) / 10)
