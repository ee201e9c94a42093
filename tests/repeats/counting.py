"""How many right answers were refused, and how many may be in the long run.

The bound is Clopper and Pearson's (Biometrika 26, 1934): the rate at which so few refusals, or fewer, would come in
only 5 % of all series. It is exact at any number of checks, and after 0 of n it is about 3/n.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import comb
from statistics import median
from typing import Final

CONFIDENCE: Final = 0.95
_HALVINGS: Final = 60
_HEAD: Final = ("exercise", "checks", "false alarms", "at most", "median")


@dataclass
class Count:
    """The checks of one exercise, in the order of the rounds: refused or not, and how many seconds each took."""

    name: str
    refused: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, refused: bool, seconds: float) -> None:
        self.refused.append(refused)
        self.seconds.append(seconds)

    @property
    def row(self) -> tuple[str, ...]:
        taken = f"{median(self.seconds):.1f} s" if self.seconds else "-"
        return (self.name, *_shown(sum(self.refused), len(self.refused)), taken)


def upper_bound(count: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The largest rate (0..1) that `count` of `n` is compatible with; 1 when nothing was counted."""
    if not 0 <= count <= n:
        raise ValueError(f"count must be within 0..{n}, got {count}")
    if count == n:
        return 1.0
    low, high = count / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(count, n, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def whole_sets(counts: Iterable[Count]) -> tuple[int, int]:
    """(rounds in which some right answer was refused, rounds); a round that was broken off does not count."""
    rounds = list(zip(*(count.refused for count in counts), strict=False))
    return sum(map(any, rounds)), len(rounds)


def table(counts: Iterable[Count]) -> list[tuple[str, ...]]:
    """A head, a row per exercise, and the whole set of checks as the last row."""
    found = list(counts)
    return [_HEAD, *(count.row for count in found), ("whole set", *_shown(*whole_sets(found)), "")]


def _shown(count: int, n: int) -> tuple[str, str, str]:
    return str(n), str(count), f"{upper_bound(count, n):.2%}"


def _at_most(count: int, n: int, rate: float) -> float:
    return sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(count + 1))
