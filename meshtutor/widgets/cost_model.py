"""The model of the cost of the mesh: `measure()` in, latencies of three ways and the proxies' memory out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from traitlets import Any, Bool, HasTraits, Int, Unicode

from meshtutor.charts import costs
from meshtutor.errors import MeshtutorError
from meshtutor.traffic.racing import Timed

OnRound = Callable[[int], None]
WAYS: Final = ("direct", "one proxy", "two proxies, mTLS")
ROUNDS: Final = 20
SMALL_ROUNDS: Final = 12
EACH: Final = 20


@dataclass(frozen=True)
class Cost:
    """What was measured: the ways in the order direct, one proxy, two; bytes that each proxy on them has allocated."""

    timed: tuple[Timed, ...]
    memory: Mapping[str, float]

    @property
    def direct(self) -> Timed:
        """Without any proxy."""
        return self.timed[0]

    @property
    def added(self) -> tuple[float, float]:
        """What two proxies add to the median, in ms: the ends of the 95 % interval."""
        estimate = self.timed[-1].added_to(self.direct, 50)
        return estimate.low, estimate.high

    def __repr__(self) -> str:
        return costs.words(self.timed, self.memory)


class CostModel(HasTraits):  # type: ignore[misc]  # traitlets' HasTraits has no types
    """`cost` is the last measurement, None before the first; `done` of `rounds` are timed while it is `busy`."""

    cost = Any(None, allow_none=True)
    busy = Bool(False)
    done = Int(0)
    message = Unicode()

    def __init__(self, measure: Callable[[int, int, OnRound], Cost], rounds: int) -> None:
        super().__init__()
        self.rounds = rounds
        self._measure = measure
        self._lock = threading.Lock()

    def measure(self) -> Cost:
        """Measure now; MeshtutorError if a request fails. One measurement at a time: a second one waits."""
        with self._lock:
            self.busy, self.done, self.message = True, 0, ""
            try:
                self.cost = self._measure(self.rounds, EACH, self._count)
            except MeshtutorError as error:
                self.message = str(error)
                raise
            finally:
                self.busy = False
            found: Cost = self.cost
            return found

    def _count(self, number: int) -> None:
        self.done = number
