"""A worker that does the newest of what it is asked and skips what was overtaken, as a dragged slider needs."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Latest:
    """Calls `work` in a thread of its own after each `request`; requests during a call become one call.

    The thread ends when there is nothing to do, so an idle worker costs nothing.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._wanted = False
        self._thread: threading.Thread | None = None

    def request(self) -> None:
        """Ask for a call; returns at once."""
        with self._lock:
            self._wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="meshtutor-apply")
                self._thread.start()

    def join(self, timeout: float = 10.0) -> bool:
        """Wait until everything asked for is done; False at the deadline."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._thread = None
                    return
                self._wanted = False
            self._work()
