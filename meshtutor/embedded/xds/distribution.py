"""The record of which change reached which proxy, and when.

A change is everything between two translations: the store's revisions up to `revision`. A proxy is concerned by it if
something must be sent to it; it has taken the change when its stream is idle again. Times count from the commit in
the store, so they are what a learner waits after `apply`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KEPT_CHANGES: Final = 500


@dataclass
class ProxyState:
    """What one proxy did with one change; `milliseconds` from the commit to its answer, None while pending."""

    types: tuple[str, ...]
    milliseconds: float | None = None
    error: str = ""

    @property
    def state(self) -> str:
        """ACK, NACK or PENDING."""
        if self.milliseconds is None:
            return "PENDING"
        return "NACK" if self.error else "ACK"


@dataclass
class Change:
    """One translation: revisions after `after` up to `revision`, the first of them committed at `committed`."""

    after: int
    revision: int
    committed: float
    proxies: dict[str, ProxyState] = field(default_factory=dict)
    translated: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every proxy concerned has answered."""
        return all(state.milliseconds is not None for state in self.proxies.values())


class Distribution:
    """The last changes and their fate. `observe` is called with seconds for each proxy that took a change."""

    def __init__(
        self, observe: Callable[[float], None] = lambda _: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._changes: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self._open: list[Change] = []
        self._observe, self._clock = observe, clock
        self._moved = asyncio.Condition()
        self._notice: asyncio.Task[None] | None = None
        self.revision = 0

    def record(self, revision: int, committed: float, concerned: Mapping[str, tuple[str, ...]]) -> None:
        """A translation up to `revision` was handed to the streams; `concerned`: proxy -> short type names."""
        change = Change(self.revision, revision, committed, translated=self._clock())
        change.proxies = {proxy: ProxyState(types) for proxy, types in sorted(concerned.items())}
        self._changes.append(change)
        if not change.complete:
            self._open.append(change)
        self.reached(revision)

    def reached(self, revision: int) -> None:
        """All up to `revision` was seen: what no translation told of concerns no proxy."""
        self.revision = max(self.revision, revision)
        self._tell()

    def settled(self, proxy: str, errors: Mapping[str, str]) -> None:
        """A proxy's stream is idle: it has answered for every change so far. `errors`: short type -> text."""
        now = self._clock()
        for change in self._open:
            state = change.proxies.get(proxy)
            if state is not None and state.milliseconds is None:
                state.milliseconds = (now - change.committed) * 1000
                state.error = "; ".join(errors[t] for t in state.types if t in errors)
                self._observe(now - change.committed)
        self._close()

    def gone(self, proxy: str) -> None:
        """A proxy's stream has ended: nobody waits for it."""
        for change in self._open:
            state = change.proxies.get(proxy)
            if state is not None and state.milliseconds is None:
                del change.proxies[proxy]
        self._close()

    async def wait(
        self, revision: int, timeout: float, since: int | None = None, newest: int | None = None
    ) -> dict[str, Any]:
        """Wait until all up to `revision` has arrived, at most `timeout` seconds; what happened, as plain data.

        The report names the proxies concerned by the change that holds `revision`, or by all changes after `since`.
        `newest` is the last revision of all kinds that the control plane watches: a later one never arrives here.
        """
        deadline = self._clock() + timeout
        awaited = revision if newest is None else min(revision, newest)
        await self._until(lambda: self.revision >= awaited, timeout)
        complete = await self._until(lambda: self._arrived(revision), deadline - self._clock())
        return self._report(revision, complete, since)

    def _arrived(self, revision: int) -> bool:
        return not any(change.after < revision for change in self._open)

    def _report(self, revision: int, complete: bool, since: int | None) -> dict[str, Any]:
        first = revision - 1 if since is None else since
        proxies: dict[str, ProxyState] = {}
        for change in self._changes:
            if change.revision > first and change.after < revision:
                proxies.update(change.proxies)
        rows = [
            {"proxy": proxy, "state": s.state, "milliseconds": round(s.milliseconds or 0.0, 3), "types": list(s.types),
             "error": s.error}
            for proxy, s in sorted(proxies.items())
        ]  # fmt: skip
        slowest = round(max((s.milliseconds or 0.0 for s in proxies.values()), default=0.0), 3)
        return {
            "resourceVersion": str(revision),
            "complete": complete,
            "milliseconds": slowest,
            "proxies": rows,
        }

    async def _until(self, condition: Callable[[], bool], timeout: float) -> bool:
        if condition():
            return True
        try:
            async with asyncio.timeout(max(0.0, timeout)), self._moved:
                await self._moved.wait_for(condition)
        except TimeoutError:
            return condition()
        return True

    def _close(self) -> None:
        still = [change for change in self._open if not change.complete]
        if len(still) != len(self._open):
            self._open = still
            self._tell()

    def _tell(self) -> None:
        if self._notice is None or self._notice.done():
            self._notice = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._moved:
            self._moved.notify_all()
