"""Keeps the answers of the last minute, and says on a lease that there are new ones."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from meshtutor.traffic.outcome import Outcome

KEEP_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.5
_MOST: Final = 4000


class Recorder:
    """Calls `on_change` twice a second while its lease lasts; `add` is a load's listener."""

    def __init__(self, on_change: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self.since = 0.0
        self._on_change = on_change
        self._clock = clock
        self._outcomes: deque[Outcome] = deque(maxlen=_MOST)
        self._until = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether anybody is told."""
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

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

    def run(self, seconds: float) -> None:
        """Start, or renew the lease."""
        with self._lock:
            self._until = time.monotonic() + seconds
            if self.running:
                return
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._loop, args=(self._stop,), daemon=True, name="meshtutor-record"
            )
            self._thread.start()

    def stop(self) -> None:
        """End; returns when it has ended."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10.0)

    def _sent_after(self, start: float) -> list[Outcome]:
        return [outcome for outcome in self._outcomes.copy() if outcome.at >= start]

    def _loop(self, stop: threading.Event) -> None:
        while time.monotonic() < self._until and not stop.wait(TICK_SECONDS):
            self._on_change()
