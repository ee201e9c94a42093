"""How much counters grew, exactly.

PromQL's `increase()` extrapolates to the edges of its window and loses the first value of a series that is
new; that is fine for rates and wrong for counting: a share's confidence interval needs whole requests. So the
raw samples are read and subtracted here. A counter that falls was reset (its process restarted) and counts
from zero. A series that appears while its target was being scraped already counts from zero, too; one whose
target is new as well does not, for nobody knows whether the target or Prometheus was started late.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from meshtutor.telemetry.results import Labels, Series

Points = Sequence[tuple[float, float]]
TARGET: Final = ("job", "instance")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def increase(points: Points, start: float, end: float, scraped_since: float = float("inf")) -> float:
    """By how much a counter grew after `start` and until `end` (seconds since the epoch).

    `points` should reach back a few scrapes before `start`; `scraped_since` is the first scrape of its target
    in that time, so that a series which is younger is known to be new.
    """
    inside = [value for when, value in points if start < when <= end]
    if not inside:
        return 0.0
    last = next((value for when, value in reversed(points) if when <= start), None)
    if last is None:
        last = 0.0 if scraped_since < points[0][0] else inside[0]
    grown = 0.0
    for value in inside:
        grown += growth(last, value)
        last = value
    return grown


def growth(before: float, now: float) -> float:
    """By how much a counter grew between two readings of it; one that fell was reset, and began at zero."""
    return now - before if now >= before else now


def by_label(
    series: Iterable[Series],
    label: str,
    start: float,
    end: float,
    scraped_since: Mapping[tuple[str, ...], float],
) -> dict[str, int]:
    """Whole requests by a label's value, added up over all series; `scraped_since` is `first_scrapes(up)`.

    Names that did not grow are left out.
    """
    sums: dict[str, float] = {}
    for one in series:
        name = one.labels.get(label, "")
        since = scraped_since.get(target_of(one.labels), float("inf"))
        sums[name] = sums.get(name, 0.0) + increase(one.points, start, end, since)
    return {name: round(count) for name, count in sorted(sums.items()) if round(count) > 0}


def target_of(labels: Labels) -> tuple[str, ...]:
    """What identifies a scrape target among labels."""
    return tuple(labels.get(name, "") for name in TARGET)


def first_scrapes(up: Iterable[Series]) -> dict[tuple[str, ...], float]:
    """The first scrape of each target among samples of `up`."""
    return {target_of(one.labels): one.points[0][0] for one in up if one.points}


def selector(metric: str, labels: Mapping[str, str]) -> str:
    """`metric{name="value",...}` with PromQL's escapes."""
    pairs = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{metric}{{{','.join(pairs)}}}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def seconds_of(duration: str | float) -> float:
    """A PromQL duration such as `10s`, `1m30s` or `500ms`, or a number of seconds, in seconds; ValueError."""
    if isinstance(duration, (int, float)):
        return float(duration)
    parts = re.findall(r"(\d+)(ms|s|m|h|d|w)", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"{duration!r} is not a duration; expected for example '30s', '5m' or '1h30m'")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)
