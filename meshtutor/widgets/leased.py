"""Work in a thread on a lease: it goes on as long as somebody renews it, and ends by itself."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod


class Leased(ABC):
    """Calls `turn` again and again in a thread of its own while the lease lasts; the thread ends with it."""

    def __init__(self, thread: str) -> None:
        self._thread_name = thread
        self._until = 0.0
        self._lease = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def turn(self) -> float:
        """A piece of work; the seconds to wait before the next one."""

    @property
    def running(self) -> bool:
        """Whether the work goes on."""
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    def run(self, seconds: float) -> None:
        """Start, or renew the lease: the work ends `seconds` from now unless it is renewed."""
        with self._lease:
            self._until = time.monotonic() + seconds
            if self.running:
                return
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._loop, args=(self._stop,), daemon=True, name=self._thread_name
            )
            self._thread.start()

    def hurry(self) -> None:
        """Do the next turn now."""
        self._wake.set()

    def stop(self) -> None:
        """End; returns when it has ended."""
        self._stop.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10.0)

    def _loop(self, stop: threading.Event) -> None:
        while time.monotonic() < self._until and not stop.is_set():
            self._wake.clear()
            pause = self.turn()
            if not stop.is_set():
                self._wake.wait(pause)
