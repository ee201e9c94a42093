"""One measured quantity: its samples, its unit, and the budget it is held against."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """`budget` is text, as in "p50 10 ms, p95 25 ms"; samples are all in `unit`."""

    what: str
    unit: str
    samples: list[float]
    budget: str = ""

    def quantile(self, q: float) -> float:
        """The q-quantile of the samples, by the nearest rank."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]

    @property
    def row(self) -> tuple[str, ...]:
        """What, median, p95, spread, number of samples, budget."""
        median = f"{statistics.median(self.samples):.4g} {self.unit}"
        spread = f"{min(self.samples):.4g}-{max(self.samples):.4g}"
        return (self.what, median, f"{self.quantile(0.95):.4g}", spread, str(len(self.samples)), self.budget)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for bench.json."""
        return {
            "what": self.what,
            "unit": self.unit,
            "median": statistics.median(self.samples),
            "p95": self.quantile(0.95),
            "min": min(self.samples),
            "max": max(self.samples),
            "n": len(self.samples),
            "budget": self.budget,
        }
