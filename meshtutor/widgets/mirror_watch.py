"""Watches in Prometheus what reached each version while somebody looks: requests of the one, copies for the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.istio import RequestSamples
from meshtutor.telemetry.served import Served, served
from meshtutor.widgets.leased import Leased

POLL_SECONDS: Final = 0.5
WINDOW_SECONDS: Final = 60.0
Read = Callable[[float], RequestSamples]


class MirrorWatch(Leased):
    """Polls `read(seconds)` on a lease; calls `on_change` when the counts, or the error, are new.

    `counts` are of the last minute, but not from before `since`, when the rule last changed (epoch seconds).
    """

    def __init__(
        self, read: Read, on_change: Callable[[], None], clock: Callable[[], float] = time.time
    ) -> None:
        self.counts: Mapping[str, Served] = {}
        self.error = ""
        self.since = 0.0
        self._read, self._on_change, self._clock = read, on_change, clock
        super().__init__("meshtutor-mirror")

    def aim(self, at: float) -> None:
        """The rule changed: older requests no longer count."""
        self.since, self.counts = at, {}
        self.hurry()

    def poll(self) -> bool:
        """Ask once; whether there was anything new."""
        now, before = self._clock(), (self.counts, self.error)
        start = max(self.since, now - WINDOW_SECONDS)
        try:
            samples = self._read(now - start)
        except MeshtutorError as error:
            self.error = error.message
            return before != (self.counts, self.error)
        self.error = ""
        # What a scrape right after the change counts may be from before it: begin at the first scrape under the rule.
        first = next(iter(samples.scrape_times(start)), start)
        self.counts = served(samples, first, now)
        return before != (self.counts, self.error)

    def turn(self) -> float:
        """Ask, tell of news, and say when to ask again."""
        if self.poll():
            self._on_change()
        return POLL_SECONDS
