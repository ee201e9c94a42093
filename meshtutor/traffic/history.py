"""Shares over time, with the targets that held: what a live chart draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshtutor.traffic.tally import Tally


@dataclass
class ShareHistory:
    """Tallies by the time of their newest scrape, and targets (shares 0..1) by the time since when they hold.

    Times are in seconds since the epoch. `names` fixes the order of versions; `keep` bounds the memory.
    """

    names: tuple[str, ...]
    points: list[tuple[float, Tally]] = field(default_factory=list)
    targets: list[tuple[float, Mapping[str, float]]] = field(default_factory=list)
    now: float = 0.0
    keep: float = 120.0

    @property
    def newest(self) -> Tally | None:
        """The last tally that counted anything."""
        return next((tally for _, tally in reversed(self.points) if tally.n), None)

    @property
    def target(self) -> Mapping[str, float]:
        """The shares that are asked for now; empty if none are."""
        return self.targets[-1][1] if self.targets else {}

    def aim(self, at: float, weights: Mapping[str, float]) -> None:
        """From `at` on these weights hold; empty weights: none do."""
        total = sum(weights.values())
        self.targets.append((at, {name: weight / total for name, weight in weights.items()} if total else {}))
        self._forget(at)

    def add(self, at: float, tally: Tally) -> None:
        """A tally whose newest scrape is `at`; the clock moves there."""
        self.points.append((at, tally))
        self.tick(at)

    def tick(self, now: float) -> None:
        """Move the clock and forget what is too old to be drawn."""
        self.now = max(self.now, now)
        self._forget(self.now)

    def recent(self, seconds: float) -> list[tuple[float, Tally]]:
        """The points of the last `seconds`."""
        return [(at, tally) for at, tally in self.points if at >= self.now - seconds]

    def _forget(self, now: float) -> None:
        oldest = now - self.keep
        self.points = [point for point in self.points if point[0] >= oldest]
        while len(self.targets) > 1 and self.targets[1][0] < oldest:
            self.targets.pop(0)
