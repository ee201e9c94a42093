"""The lines of a graph's picture: from node to node, around what stands between, with a place for the numbers.

All in columns and rows; a column is taken for about twice as wide as a row is high, which is how the picture is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Point = tuple[float, float]
ASPECT: Final = 2.2  # width of a column by height of a row
_RADIUS: Final = 0.13  # of a node, in columns
_STEPS: Final = 12
_BEND: Final = 0.42


@dataclass(frozen=True)
class Line:
    """The points of an edge, its arrow at the last; `label` is where its numbers stand."""

    points: tuple[Point, ...]
    label: Point


def line(source: Point, target: Point, label: float = 0.5) -> Line:
    """Straight to the next column; curved over more than one, backwards, and within a column.

    `label` is the share of the way at which the numbers stand.
    """
    straight = 0 < target[0] - source[0] <= 1
    curve = (source, target) if straight else _curve(source, target)
    cut = _cut(list(curve))
    return Line(tuple(cut), _along(cut, label))


def _curve(source: Point, target: Point) -> tuple[Point, ...]:
    """A quadratic curve; backwards it runs below, forwards above."""
    (x1, y1), (x2, y2) = source, target
    away = _BEND * max(1.0, abs(x2 - x1)) * (1 if x2 > x1 else -1.6)
    middle = ((x1 + x2) / 2 + (0.5 if x1 == x2 else 0), (y1 + y2) / 2 - away)
    steps = (index / _STEPS for index in range(_STEPS + 1))
    return tuple((_bezier(x1, middle[0], x2, t), _bezier(y1, middle[1], y2, t)) for t in steps)


def _bezier(start: float, middle: float, end: float, t: float) -> float:
    return (1 - t) ** 2 * start + 2 * (1 - t) * t * middle + t**2 * end


def _cut(points: list[Point]) -> list[Point]:
    """Both ends shortened by a node's radius."""
    for _ in range(2):
        points = list(reversed(points))
        while len(points) > 2 and _distance(points[-1], points[-2]) < _RADIUS:
            points.pop()
        length = _distance(points[-1], points[-2])
        points[-1] = _between(points[-1], points[-2], min(_RADIUS / length, 0.4) if length else 0.0)
    return points


def _along(points: list[Point], share: float) -> Point:
    """The point at a share of a polyline's length."""
    lengths = [_distance(a, b) for a, b in pairwise(points)]
    rest = share * sum(lengths)
    for index, length in enumerate(lengths):
        if rest <= length:
            return _between(points[index], points[index + 1], rest / length if length else 0.0)
        rest -= length
    return points[-1]


def _distance(a: Point, b: Point) -> float:
    return math.hypot(a[0] - b[0], (a[1] - b[1]) / ASPECT)


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
