"""The same counters as they look to a Prometheus that scrapes less often.

Nothing is interpolated: of the real samples those are kept that a slower scrape would have taken, each with the time
and the value it had. A target's series are scraped together, so they keep the same moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from meshtutor.telemetry.counters import increase as exact_increase
from meshtutor.telemetry.counters import target_of
from meshtutor.telemetry.extrapolation import MAJOR, sum_of_rates
from meshtutor.telemetry.results import Series

STEP: Final = 1.0  # seconds between two evaluations


@dataclass(frozen=True)
class Seen:
    """`sum(rate(x[window]))` at `times` (seconds since the epoch), as seen through scrapes every `interval` seconds.

    `rates` are per second, None where Prometheus would answer nothing; `scrapes` are the moments of the scrapes.
    """

    interval: float
    window: float
    times: tuple[float, ...]
    rates: tuple[float | None, ...]
    scrapes: tuple[float, ...]

    @property
    def empty(self) -> float:
        """The share (0..1) of the time for which there is no data."""
        return sum(value is None for value in self.rates) / len(self.rates) if self.rates else 1.0

    @property
    def peak(self) -> float:
        """The highest rate that was seen, per second; 0 if there was none."""
        return max((value for value in self.rates if value is not None), default=0.0)

    def first_above(self, level: float, since: float, until: float = float("inf")) -> float | None:
        """Seconds from `since` to the first rate above `level` (per second) before `until`; None if there is none."""
        for when, value in zip(self.times, self.rates, strict=True):
            if since <= when < until and value is not None and value > level:
                return when - since
        return None


def seen(
    series: Sequence[Series],
    interval: float,
    window: float,
    phase: float = 0.0,
    *,
    start: float,
    end: float,
    major: int = MAJOR,
) -> Seen:
    """How a rate over `window` seconds looks from `start` to `end` through scrapes every `interval` seconds.

    The first scrape is `phase` seconds after `start`; the interval of the samples is the shortest that can be had.
    """
    kept = thinned(series, interval, start + phase)
    times = tuple(start + STEP * i for i in range(int((end - start) / STEP) + 1))
    rates = tuple(sum_of_rates(kept, at, window, major) for at in times)
    scrapes = sorted({when for one in kept for when in one.times if start <= when <= end})
    return Seen(interval, window, times, rates, tuple(scrapes))


def thinned(series: Iterable[Series], interval: float, first: float) -> list[Series]:
    """The samples that a scrape at `first` and every `interval` seconds before and after it would have taken.

    Each is the first real one at or after its moment.
    """
    targets: dict[tuple[str, ...], list[Series]] = {}
    for one in series:
        targets.setdefault(target_of(one.labels), []).append(one)
    return [
        Series(one.labels, tuple(point for point in one.points if point[0] in kept))
        for group in targets.values()
        for kept in [_moments(group, interval, first)]
        for one in group
    ]


def truth(
    series: Iterable[Series], start: float, end: float, step: float = STEP
) -> list[tuple[float, float]]:
    """(time, per second) of what really happened in each step, to the end of the step; new series count from zero."""
    steps = [start + step * i for i in range(1, int((end - start) / step) + 1)]
    known = list(series)
    return [
        (at, sum(exact_increase(one.points, at - step, at, start) for one in known) / step) for at in steps
    ]


def scrape_interval(series: Iterable[Series]) -> float:
    """Seconds between two samples, the median; infinite if no series has two."""
    gaps = [b - a for one in series for a, b in zip(one.times, one.times[1:], strict=False)]
    return median(gaps) if gaps else float("inf")


def _moments(group: Sequence[Series], interval: float, first: float) -> set[float]:
    times = sorted({when for one in group for when in one.times})
    if not times:
        return set()
    due = first + interval * ((times[0] - first) // interval)
    kept = set()
    for when in times:
        if when >= due:
            kept.add(when)
            due += interval * ((when - due) // interval + 1)
    return kept
