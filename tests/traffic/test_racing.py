"""Ways timed in turns: fair, repeatable, with spreads that hold the truth as often as they say."""

from __future__ import annotations

import random

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.racing import Runner, Timed, race


class Clock:
    """A way to send whose requests take what the test says."""

    def __init__(self, name: str, take, log: list[str]) -> None:
        self.name, self.take, self.log = name, take, log

    def __call__(self, n: int) -> list[Outcome]:
        self.log.append(self.name)
        return [Outcome(200, self.take()) for _ in range(n)]


def test_every_way_is_timed_once_in_each_round_and_the_first_round_does_not_count():
    log: list[str] = []
    ways = [Runner(name, Clock(name, lambda: 1.0, log)) for name in "abc"]
    seen: list[int] = []
    timed = race(ways, 7, 5, seen.append)
    assert [one.name for one in timed] == ["a", "b", "c"]
    assert [(len(one.rounds), one.n) for one in timed] == [(7, 35)] * 3
    assert len(log) == 3 * 8
    orders = {tuple(log[i : i + 3]) for i in range(0, len(log), 3)}
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
    assert len(orders) > 1, "none is always first"
    assert seen == list(range(8))


def test_a_failed_request_is_no_latency():
    with pytest.raises(MeshtutorError) as error:
        race([Runner("one proxy", lambda n: [Outcome(503, 0.1, error="no healthy upstream")] * n)], 2, 2)
    assert "'one proxy' failed: no healthy upstream" in error.value.message


def weather(rng: random.Random, rounds: int, each: int, more: float) -> tuple[Timed, Timed]:
    """Two ways under the same weather: in every third round everything takes three times as long."""
    slow = [3.0 if i % 3 == 0 else 1.0 for i in range(rounds)]
    plain = tuple(tuple(s * rng.lognormvariate(0, 0.3) for _ in range(each)) for s in slow)
    dear = tuple(tuple(s * rng.lognormvariate(0, 0.3) + more for _ in range(each)) for s in slow)
    return Timed("plain", plain), Timed("dear", dear)


def test_what_a_way_adds_is_found_under_any_weather():
    """Of 40 intervals of 95 %, 32 or fewer hold the truth once in 6,000 times (binomial)."""
    rng, hits = random.Random(7), 0
    for _ in range(40):
        plain, dear = weather(rng, 30, 20, 0.5)
        estimate = dear.added_to(plain, 50)
        assert estimate.low <= estimate.value <= estimate.high
        hits += estimate.low <= 0.5 <= estimate.high
    assert hits > 32


def test_the_same_rounds_give_the_same_interval():
    plain, dear = weather(random.Random(1), 12, 20, 0.5)
    assert dear.added_to(plain, 90) == dear.added_to(plain, 90)
    assert plain.quantile(50).low < plain.quantile(50).high
    assert plain.quantile(99).value > plain.quantile(50).value
