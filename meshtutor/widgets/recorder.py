"""Keeps the answers of the last minute, and says on a lease that there are new ones."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from meshtutor.traffic.outcome import Outcome
from meshtutor.widgets.leased import Leased

KEEP_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.5
_MOST: Final = 4000


class Recorder(Leased):
    """Calls `on_change` twice a second while its lease lasts; `add` is a load's listener."""

    def __init__(self, on_change: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self.since = 0.0
        self._on_change = on_change
        self._clock = clock
        self._outcomes: deque[Outcome] = deque(maxlen=_MOST)
        super().__init__("meshtutor-record")

    def now(self) -> float:
        """The recorder's clock, seconds since the epoch."""
        return self._clock()

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Keep these; called from the load's threads."""
        self._outcomes.extend(outcomes)

    def recent(self, seconds: float = KEEP_SECONDS) -> list[Outcome]:
        """The requests sent in the last `seconds`."""
        return self._sent_after(self._clock() - seconds)

    def under_the_rule(self, seconds: float = KEEP_SECONDS) -> list[Outcome]:
        """Those of them that were sent `since` the last change of the rule."""
        return self._sent_after(max(self.since, self._clock() - seconds))

    def _sent_after(self, start: float) -> list[Outcome]:
        return [outcome for outcome in self._outcomes.copy() if outcome.at >= start]

    def turn(self) -> float:
        """Tell of news; twice a second is enough for a chart."""
        self._on_change()
        return TICK_SECONDS
