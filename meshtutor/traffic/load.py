"""A steady trickle of requests in the background, which gives live charts something to show.

A load runs on a lease: whoever watches renews it, and when nobody does any more (the widget's output was
closed, the browser is gone) the load ends by itself. Its threads are daemons, so it ends with the kernel,
too; they exist only while it runs and sleep between requests.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from meshtutor.traffic.outcome import Outcome, Request
from meshtutor.traffic.sender import Sender

_WORKERS: Final = 4
_PATIENCE: Final = 0.25


class Load:
    """Sends `request` about `rate` times per second while it runs; `batch` requests at each turn.

    A batch of one suits a sidecar on this machine; a real cluster's client pod is asked once per second
    instead. `listener` is called with the outcomes of each turn, `vary` makes of `request` what the next turn
    sends; both are called from the load's threads.
    """

    def __init__(self, sender: Sender, request: Request, rate: float = 20.0, batch: int = 1) -> None:
        if rate <= 0:
            raise ValueError(f"rate must be more than 0 requests per second, got {rate}")
        self.request = request
        self.rate = rate
        self.sent = 0
        self.failed = 0
        self.last_error = ""
        self.closed = False
        self.listener: Callable[[Sequence[Outcome]], None] | None = None
        self.vary: Callable[[Request], Request] | None = None
        self._sender = sender
        self._batch = batch
        self._lock = threading.Lock()
        self._until = 0.0
        self._due = 0.0
        self._stop = threading.Event()
        self._workers: list[threading.Thread] = []

    @property
    def running(self) -> bool:
        """Whether requests are being sent."""
        return not self._stop.is_set() and any(worker.is_alive() for worker in self._workers)

    def run(self, seconds: float) -> None:
        """Start, or renew the lease: the load ends `seconds` from now unless it is renewed again."""
        with self._lock:
            self._until = time.monotonic() + seconds
            if self.running or self.closed:
                return
            self._stop = threading.Event()
            self._due = time.monotonic()
            count = _WORKERS if self._batch == 1 else 1
            self._workers = [
                threading.Thread(target=self._work, args=(self._stop,), daemon=True, name="meshtutor-load")
                for _ in range(count)
            ]
        for worker in self._workers:
            worker.start()

    def pause(self) -> None:
        """Stop sending; `run` goes on. Returns when the last answer has come or its timeout has passed."""
        self._stop.set()
        for worker in self._workers:
            if worker is not threading.current_thread():
                worker.join(self.request.timeout + 1)

    def close(self) -> None:
        """Stop for good: `run` does nothing any more."""
        self.closed = True
        self.pause()

    def _work(self, stop: threading.Event) -> None:
        while (turn := self._next_turn()) is not None and not stop.wait(turn):
            self._count(self._send())

    def _send(self) -> list[Outcome]:
        request = self.vary(self.request) if self.vary else self.request
        if self._batch == 1:
            return self._sender.send(request, 1, concurrency=1)
        return self._sender.send(request, self._batch, concurrency=_WORKERS, rate=self.rate)

    def _next_turn(self) -> float | None:
        """Seconds until this worker's next turn, or None when the lease has ended."""
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                return None
            # after a stall (a suspended laptop, slow answers) turns that were missed are not made up for
            self._due = max(self._due + self._batch / self.rate, now - _PATIENCE)
            return max(0.0, self._due - now)

    def _count(self, outcomes: list[Outcome]) -> None:
        with self._lock:
            results = Counter(outcome.ok for outcome in outcomes)
            self.sent += len(outcomes)
            self.failed += results[False]
            self.last_error = next((o.error for o in outcomes if not o.ok), self.last_error)
        if self.listener:
            self.listener(outcomes)

    def __repr__(self) -> str:
        state = f"running at {self.rate:g}/s" if self.running else "paused"
        failures = f", {self.failed} failed" if self.failed else ""
        return f"Load on {self.request.url}: {state}, {self.sent} sent{failures}"
