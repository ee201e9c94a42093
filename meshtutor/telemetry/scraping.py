"""The same counters as they look to a Prometheus that scrapes less often.

Nothing is interpolated: of the real samples those are kept that a slower scrape would have taken, each with the time
and the value it had. A target's series are scraped together, so they keep the same moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from meshtutor.telemetry.counters import increase as exact_increase
from meshtutor.telemetry.counters import target_of
from meshtutor.telemetry.extrapolation import MAJOR, sum_of_rates
from meshtutor.telemetry.results import Series

STEP: Final = 1.0  # seconds between two evaluations
_LATE: Final = 1.5  # gaps after its moment at which a scrape still counts
_SLOWER: Final = 1.5  # gaps: below that it is the interval of the samples themselves


@dataclass(frozen=True)
class History:
    """The samples of a selector, and the time (seconds since the epoch) from which to which to look at them."""

    series: tuple[Series, ...]
    start: float
    end: float
    selector: str

    @property
    def interval(self) -> float:
        """Seconds between two scrapes of it, the median; infinite if no series has two samples."""
        gaps = [b - a for one in self.series for a, b in pairwise(one.times)]
        return median(gaps) if gaps else float("inf")


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


def seen(history: History, interval: float, window: float, phase: float = 0.0, major: int = MAJOR) -> Seen:
    """How a rate over `window` seconds looks through scrapes every `interval` seconds.

    One of the scrapes is `phase` seconds after the start; what was sampled less often cannot be seen more often.
    """
    start, end = history.start, history.end
    kept = thinned(history.series, interval, start + phase)
    times = tuple(start + STEP * i for i in range(int((end - start) / STEP) + 1))
    rates = tuple(sum_of_rates(kept, at, window, major) for at in times)
    scrapes = sorted({when for one in kept for when in one.times if start <= when <= end})
    return Seen(interval, window, times, rates, tuple(scrapes))


def thinned(series: Iterable[Series], interval: float, first: float) -> list[Series]:
    """The samples that a scrape at `first` and every `interval` seconds before and after it would have taken.

    Each is the real one right after its moment; where there is none (the series is not there yet, a scrape failed),
    the slower scrape has none either.
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


def truth(history: History, step: float = STEP) -> list[tuple[float, float]]:
    """(time, per second) of what really happened in each step, to its end; series that are new count from zero."""
    start, end = history.start, history.end
    return [
        (at, sum(exact_increase(one.points, at - step, at, start) for one in history.series) / step)
        for at in (start + step * i for i in range(1, int((end - start) / step) + 1))
    ]


def _moments(group: Sequence[Series], interval: float, first: float) -> set[float]:
    times = sorted({when for one in group for when in one.times})
    gap = median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0
    if interval < gap * _SLOWER:
        return set(times)
    found: dict[float, float] = {}
    for when in times:
        due = first + interval * ((when - first) // interval)
        if when - due < gap * _LATE:
            found.setdefault(due, when)
    return set(found.values())
