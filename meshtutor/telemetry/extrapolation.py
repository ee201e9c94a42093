"""PromQL's rate() and increase(), as Prometheus computes them, on samples that are at hand.

With these the same counter can be looked at as another scrape interval would have seen it, which no query can do.
The rule is Prometheus' own (promql/functions.go, extrapolatedRate): at least two samples in the window; their
difference, plus what was lost when the counter fell; stretched to the window's edges, unless a sample is further from
an edge than 1.1 times the average gap (then by half a gap only), and never below a count of zero.

Two things changed with Prometheus 3: a window no longer contains a sample that is exactly as old as the window is
long, and the count of zero limits the stretch after the rule of half a gap, not before. `major` chooses.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from meshtutor.telemetry.results import Series

Points = Sequence[tuple[float, float]]
MAJOR: Final = 3
_THRESHOLD: Final = 1.1  # average gaps


def increase(points: Points, at: float, seconds: float, major: int = MAJOR) -> float | None:
    """What `increase(x[seconds])` is at a time; None (no data) with fewer than two samples in the window.

    `points` are (seconds since the epoch, value), oldest first; `major` is Prometheus' major version.
    """
    inside = _window(points, at - seconds, at, major)
    if len(inside) < 2:
        return None
    grown = inside[-1][1] - inside[0][1]
    grown += sum(before[1] for before, after in pairwise(inside) if after[1] < before[1])
    covered = inside[-1][0] - inside[0][0]
    gap = covered / (len(inside) - 1)
    until_zero = covered * inside[0][1] / grown if grown > 0 and inside[0][1] >= 0 else float("inf")
    before = _stretch_to_start(inside[0][0] - (at - seconds), gap, until_zero, major)
    return grown * (covered + before + _stretch(at - inside[-1][0], gap)) / covered


def rate(points: Points, at: float, seconds: float, major: int = MAJOR) -> float | None:
    """What `rate(x[seconds])` is at a time, per second; None with fewer than two samples in the window."""
    grown = increase(points, at, seconds, major)
    return None if grown is None else grown / seconds


def sum_of_rates(series: Iterable[Series], at: float, seconds: float, major: int = MAJOR) -> float | None:
    """What `sum(rate(x[seconds]))` is at a time: series without data do not count; None if none has any."""
    rates = [found for one in series if (found := rate(one.points, at, seconds, major)) is not None]
    return sum(rates) if rates else None


def _window(points: Points, start: float, end: float, major: int) -> Points:
    """Prometheus' clock counts milliseconds; so do comparisons with a window's edges."""
    oldest = _milliseconds((start, 0.0)) - (
        1 if major < 3 else 0
    )  # before 3 the sample at the edge was inside
    first = bisect_right(points, oldest, key=_milliseconds)
    return points[first : bisect_right(points, _milliseconds((end, 0.0)), key=_milliseconds)]


def _milliseconds(point: tuple[float, float]) -> int:
    return round(point[0] * 1000)


def _stretch(distance: float, gap: float) -> float:
    """As far as the edge, or by half a gap if the edge is so far that the series seems to begin or end there."""
    return distance if distance < gap * _THRESHOLD else gap / 2


def _stretch_to_start(distance: float, gap: float, until_zero: float, major: int) -> float:
    if major < 3:
        return _stretch(min(distance, until_zero), gap)
    return min(_stretch(distance, gap), until_zero)
