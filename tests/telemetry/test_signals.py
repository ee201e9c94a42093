"""The golden signals: one question, and what comes back by name."""

from __future__ import annotations

import math

from meshtutor.telemetry.results import Matrix, Series
from meshtutor.telemetry.signals import NAMES, promql, read_signals


class Answers:
    """A Prometheus with the same series for every question; it remembers the questions."""

    scrape_interval = 15.0

    def __init__(self, *series: Series) -> None:
        self.series = series
        self.asked: list[tuple[str, float, float]] = []

    def query_range(self, expression: str, seconds: float, step: float, end: float) -> Matrix:
        self.asked.append((expression, seconds, step))
        return Matrix(expression, self.series)


def series(name: str, signal: str, *values: float) -> Series:
    return Series(
        {"name": name, "signal": signal}, tuple((float(at), value) for at, value in enumerate(values))
    )


def test_signals_come_by_name_and_what_is_not_a_number_is_no_point():
    prometheus = Answers(
        series("reviews", "rate", 1.0, 2.0), series("reviews", "p99", math.nan, 7.0), series("a", "rate", 5.0)
    )
    board = read_signals(prometheus, "default")
    assert [one.name for one in board.parts] == ["a", "reviews"]
    assert board.parts[1].last("rate") == 2.0
    assert board.parts[1].points["p99"] == ((1.0, 7.0),)
    assert board.parts[0].last("p99") is None
    assert "5.0/s" in repr(board)


def test_no_step_is_shorter_than_a_scrape_and_the_window_has_four():
    prometheus = Answers()
    read_signals(prometheus, "default", 60.0)
    ((expression, _, step),) = prometheus.asked
    assert step == 15.0
    assert "[60000ms]" in expression


def test_a_service_comes_with_its_workloads_which_are_judged_by_their_own_proxies():
    prometheus = Answers(series("reviews", "rate", 1.0))
    board = read_signals(prometheus, "default", 60.0, "reviews")
    assert board.total is not None
    callers, own = (expression for expression, _, _ in prometheus.asked)
    assert 'reporter="source"' in callers
    assert 'reporter="destination"' in own
    assert "by (le, destination_workload)" in own


def test_every_signal_is_asked_for():
    expression = promql("default", "10s")
    assert all(f'"signal", "{name}"' in expression for name in NAMES)
