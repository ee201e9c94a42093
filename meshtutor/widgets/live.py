"""The living part of a traffic split: a background load and an observer, both on leases that beats renew."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from meshtutor.errors import MeshtutorError
from meshtutor.traffic.load import Load
from meshtutor.widgets.heartbeat import LEASE_SECONDS, Beat

IDLE_SECONDS: Final = 15 * 60.0
_SEEN: Final = Beat()


class Watch(Protocol):
    """What looks at the traffic, on a lease: an Observer of Prometheus, or a Recorder of answers."""

    def run(self, seconds: float) -> None:
        """Start, or renew the lease."""

    def stop(self) -> None:
        """End; returns when it has ended."""


W = TypeVar("W", bound=Watch)


class Live(Generic[W]):
    """Runs while somebody looks (`beat`) and somebody has touched something in the last quarter of an hour.

    What is scrolled out of sight is no longer watched, but goes on sending: a learner starts traffic in one cell to
    look at it in the next one.
    `make_load` is called when traffic is first wanted, so that a widget nobody sees sends nothing.
    """

    def __init__(
        self, make_load: Callable[[], Load], observer: W, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.observer = observer
        self.paused = False
        self.note = ""
        self.on_calm: Callable[[bool], None] = lambda _: None
        """Told at each beat whether who looks wants less motion."""
        self._make_load = make_load
        self._load: Load | None = None
        self._clock = clock
        self._touched = clock()
        self._last = _SEEN
        self._closed = False

    @property
    def load(self) -> Load | None:
        """The background load, once there is one."""
        return self._load

    def beat(self, beat: Beat = _SEEN) -> None:
        """Somebody looks: go on for another lease."""
        if self._closed:
            return
        self._last = beat
        self.on_calm(beat.calm)
        if self._clock() - self._touched > IDLE_SECONDS:
            if not self.paused:
                self.pause(f"Paused after {IDLE_SECONDS / 60:.0f} minutes without a touch.")
            return  # the observer's lease runs out
        if beat.seen:
            self.observer.run(LEASE_SECONDS)
        if not self.paused:
            self._run_load()

    def rest(self) -> None:
        """Nobody looks any more; the next beat goes on."""
        self.observer.stop()
        if self._load:
            self._load.pause()

    def touch(self) -> None:
        """Somebody did something; what has gone to sleep looks again, and sends again when it is resumed."""
        self._touched = self._clock()

    def pause(self, note: str = "Paused.") -> None:
        """Stop sending; the chart goes on and shows that nothing comes."""
        self.paused, self.note = True, note
        if self._load:
            self._load.pause()

    def resume(self) -> None:
        """Send again."""
        self.touch()
        self.paused, self.note = False, ""
        if self._load and self._load.closed:
            self._load = None
        self.beat(self._last)

    def close(self) -> None:
        """End everything; nothing runs afterwards, whatever beats come."""
        self._closed = True
        self.observer.stop()
        if self._load:
            self._load.close()

    def _run_load(self) -> None:
        try:
            if self._load is None:
                self._load = self._make_load()
        except MeshtutorError as error:
            self.note = str(error)
            return
        if self._load.closed:
            self.paused, self.note = True, "Another load took this one's place; one runs per mesh."
            return
        self._load.run(LEASE_SECONDS)
