"""Shares of endpoints, by numbers that Envoy's documentation of priority levels and locality weights gives."""

from __future__ import annotations

import pytest

from meshtutor.xray import Endpoint, Target, shares


def hosts(priority: int, healthy: int, of: int, place: str = "", weight: int = 1) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            f"10.0.{priority}.{n}:80{place}",
            health="HEALTHY" if n < healthy else "UNHEALTHY",
            priority=priority,
            locality=place,
            locality_weight=weight,
        )
        for n in range(of)
    )


def by_priority(*endpoints: Endpoint) -> dict[int, float]:
    found: dict[int, float] = {}
    for endpoint, share in shares(Target("c", 100.0, True, endpoints)).items():
        found[endpoint.priority] = found.get(endpoint.priority, 0.0) + share
    return found


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (100, 100, {0: 100}),
        (72, 72, {0: 100}),
        (71, 71, {0: 99.4, 1: 0.6}),
        (50, 50, {0: 70, 1: 30}),
        (25, 100, {0: 35, 1: 65}),
        (0, 100, {1: 100}),
        (25, 25, {0: 50, 1: 50}),
        (0, 0, {}),
    ],
)
def test_a_later_priority_takes_what_the_first_cannot(first: int, second: int, expected: dict[int, float]):
    found = by_priority(*hosts(0, first, 100), *hosts(1, second, 100))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("healthy", "expected"),
    [(100, 33), (70, 33), (69, 32), (50, 26), (25, 15), (0, 0)],
)
def test_a_place_that_fails_loses_weight(healthy: int, expected: int):
    near, far = hosts(0, healthy, 100, "a", weight=1), hosts(0, 100, 100, "b", weight=2)
    found = shares(Target("c", 100.0, True, near + far, by_locality=True))
    assert sum(found.get(endpoint, 0.0) for endpoint in near) == pytest.approx(expected, abs=0.6)


def test_without_weights_of_places_every_endpoint_counts_alike():
    near, far = hosts(0, 1, 1, "a", weight=90), hosts(0, 3, 3, "b", weight=10)
    found = shares(Target("c", 100.0, True, near + far))
    assert set(found.values()) == {25.0}
