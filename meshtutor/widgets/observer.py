"""Watches the share of each version in Prometheus while somebody looks, and keeps it as a history.

Each new scrape gives a point: the requests of the last few seconds, but none from before the last change of
the rule. The first scrape after a change still counts from the scrape before it, so that the shift shows at
once; from the second one on only requests under the new rule count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.istio import RequestSamples
from meshtutor.traffic.history import ShareHistory
from meshtutor.traffic.tally import Tally
from meshtutor.widgets.leased import Leased

POLL_SECONDS: Final = 0.5
EAGER_POLL_SECONDS: Final = 0.15  # after a change, so that the next scrape is seen at once
WINDOW_SECONDS: Final = 5.0
HISTORY_SECONDS: Final = 60.0
Read = Callable[[float], RequestSamples]
OnChange = Callable[[], None]


class Observer(Leased):
    """Polls `read(seconds)` on a lease, as a Load sends; calls `on_change` after each new point or error."""

    def __init__(
        self, read: Read, names: tuple[str, ...], on_change: OnChange, clock: Callable[[], float] = time.time
    ) -> None:
        self.history = ShareHistory(names)
        self.error = ""
        self._read = read
        self._on_change = on_change
        self._clock = clock
        self._changed_at = 0.0
        self._last_scrape = 0.0
        super().__init__("meshtutor-observe")

    def now(self) -> float:
        """The observer's clock, seconds since the epoch."""
        return self._clock()

    def aim(self, weights: dict[str, int], at: float | None = None) -> None:
        """The rule changed: a new target holds from now (or from `at`), and older requests no longer count."""
        self._changed_at = self._clock() if at is None else at
        self.history.aim(self._changed_at, weights)
        self.hurry()

    def poll(self) -> bool:
        """Ask once; whether there was anything new."""
        reach = min(HISTORY_SECONDS, max(self._clock() - self._last_scrape, 0.0)) + WINDOW_SECONDS
        try:
            samples = self._read(reach)
        except MeshtutorError as error:
            changed, self.error = self.error != error.message, error.message
            return changed
        recovered, self.error = bool(self.error), ""
        fresh = samples.scrape_times(max(self._last_scrape, self._clock() - HISTORY_SECONDS))
        for scraped in fresh:
            self.history.add(scraped, self._count(samples, scraped))
            self._last_scrape = scraped
        self.history.tick(self._clock())
        return bool(fresh) or recovered

    def _count(self, samples: RequestSamples, scraped: float) -> Tally:
        start = scraped - WINDOW_SECONDS
        after = samples.scrape_times(self._changed_at)
        if after and scraped >= after[0]:
            # growth is counted from the last scrape up to `start`: only from the first scrape on is all of it new
            start = max(start, self._changed_at if scraped == after[0] else after[0])
        counts = samples.count("version", start, scraped)
        return Tally({name: count for name, count in counts.items() if name in self.history.names})

    def turn(self) -> float:
        """Ask, tell of news, and say when to ask again."""
        if self.poll():
            self._on_change()
        recent = self._clock() - self._changed_at < WINDOW_SECONDS
        return EAGER_POLL_SECONDS if recent else POLL_SECONDS
