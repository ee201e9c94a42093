"""Refreshes a model on a lease: once a scrape, and seldom what stands around."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from meshtutor.widgets.leased import Leased

AROUND_SECONDS: Final = 10.0
LEAST_SECONDS: Final = 1.0


class Refreshed(Protocol):
    """What can be asked anew."""

    def refresh(self) -> bool:
        """Ask for what changes with each scrape; whether it came."""

    def look_around(self) -> None:
        """Ask for what changes seldom."""


class Watcher(Leased):
    """Calls `refresh` every `seconds` while its lease lasts, then `on_change`."""

    def __init__(self, model: Refreshed, seconds: float, on_change: Callable[[], None]) -> None:
        super().__init__("meshtutor-watch")
        self._model = model
        self._seconds = max(seconds, LEAST_SECONDS)
        self._on_change = on_change
        self._around = time.monotonic()

    def turn(self) -> float:
        """Ask, and tell; a slow answer makes the next question later."""
        began = time.monotonic()
        if began - self._around > AROUND_SECONDS:
            self._around = began
            self._model.look_around()
        self._model.refresh()
        self._on_change()
        return max(self._seconds - (time.monotonic() - began), self._seconds / 2)
