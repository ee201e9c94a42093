"""Several ways to send the same request, timed in turns, so that a busy moment of the machine hits them all alike.

Latencies of one round belong together: what they have in common is the weather. Spreads are therefore estimated by
drawing whole rounds again, with replacement (a block bootstrap: Efron, Tibshirani, An Introduction to the Bootstrap,
1993, ch. 8), and differences are taken within the same rounds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeVar

from meshtutor.errors import MeshtutorError
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import percentile

CONFIDENCE: Final = 0.95
_DRAWS: Final = 400
_SEED: Final = 1564  # the same rounds always give the same interval

T = TypeVar("T")
Send = Callable[[int], Sequence[Outcome]]


@dataclass(frozen=True)
class Estimate:
    """A value (ms) and the interval that it lies in with 95 % confidence; NaN where nothing was timed."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Runner:
    """A way to send: `send(n)` sends n requests, one after the other."""

    name: str
    send: Send


@dataclass(frozen=True)
class Timed:
    """The milliseconds of a runner's requests, round by round."""

    name: str
    rounds: tuple[tuple[float, ...], ...]

    @property
    def n(self) -> int:
        """How many requests were timed."""
        return sum(map(len, self.rounds))

    def quantile(self, percent: float) -> Estimate:
        """A percentile of its latencies."""
        return _bootstrap(self.rounds, lambda rounds: _percentile(rounds, percent))

    def added_to(self, base: Timed, percent: float) -> Estimate:
        """How much higher a percentile is than that of `base`, timed in the same rounds."""
        pairs = list(zip(self.rounds, base.rounds, strict=True))
        return _bootstrap(
            pairs,
            lambda drawn: (
                _percentile([a for a, _ in drawn], percent) - _percentile([b for _, b in drawn], percent)
            ),
        )


def race(
    runners: Sequence[Runner], rounds: int, each: int, on_round: Callable[[int], None] = lambda _: None
) -> tuple[Timed, ...]:
    """Time all runners, `each` requests in each of `rounds`, in an order that changes; MeshtutorError if one fails.

    A round before the first opens connections and is not counted.
    """
    times = {runner.name: list[tuple[float, ...]]() for runner in runners}
    order = random.Random(_SEED)  # noqa: S311 - an order, no secret
    for number in range(rounds + 1):
        for runner in order.sample(runners, len(runners)):
            taken = _timed(runner, each)
            if number:
                times[runner.name].append(taken)
        on_round(number)
    return tuple(Timed(runner.name, tuple(times[runner.name])) for runner in runners)


def _timed(runner: Runner, each: int) -> tuple[float, ...]:
    outcomes = runner.send(each)
    if failed := next((outcome for outcome in outcomes if not outcome.ok), None):
        raise MeshtutorError(
            f"A request by way of {runner.name!r} failed: {failed.error or failed.status}",
            "Only answers can be timed. mesh.analyze() may know why; mesh.reset() takes rules away",
        )
    return tuple(outcome.milliseconds for outcome in outcomes)


def _percentile(rounds: Sequence[tuple[float, ...]], percent: float) -> float:
    return percentile(sorted(chain.from_iterable(rounds)), percent)


def _bootstrap(rounds: Sequence[T], statistic: Callable[[Sequence[T]], float]) -> Estimate:
    if not rounds:
        return Estimate(math.nan, math.nan, math.nan)
    draw = random.Random(_SEED)  # noqa: S311 - statistics, no secret
    found = sorted(statistic(draw.choices(rounds, k=len(rounds))) for _ in range(_DRAWS))
    tail = (1 - CONFIDENCE) / 2 * 100
    return Estimate(statistic(rounds), percentile(found, tail), percentile(found, 100 - tail))
