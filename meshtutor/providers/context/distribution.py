"""When does every proxy have a change? Concluded from what istiod says of itself.

Real istiod does not answer that question directly (the embedded control plane does). It waits until the API has been
quiet for PILOT_DEBOUNCE_AFTER (100 ms by default, at most PILOT_DEBOUNCE_MAX, 10 s), then computes, then sends to the
proxies that are concerned. So a change counts as distributed when

1. istiod holds an Istio object at least as new as the change (`/debug/configz`), if the change is of an Istio object;
2. nothing new has been sent to any proxy for `SETTLE_SECONDS`, which is longer than the debounce; and
3. every proxy has acknowledged, or rejected, all that was sent to it (`/debug/syncz`).

The conclusion can be wrong in one case: in a mesh that changes all the time the debounce is longer than the settling
time. Milliseconds are counted from the question, and are only as fine as the polling.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from meshtutor.providers.base import Distribution, ProxyAck
from meshtutor.providers.context import syncz

SETTLE_SECONDS: Final = 0.4
_SEEN_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.05


class Istiods(Protocol):
    """Every istiod's debug pages."""

    def pages(self, path: str) -> list[Any]:
        """The JSON at a path of each running istiod; NotReadyError if one cannot be reached."""
        ...


class Watcher:
    """Waits for a change to reach the proxies; remembers what it saw last, so that it misses nothing in between."""

    def __init__(self, istiods: Istiods, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep) -> None:  # fmt: skip
        self._istiods, self._clock, self._sleep = istiods, clock, sleep
        self._last: syncz.Status | None = None

    def wait(self, resource_version: str, timeout: float) -> Distribution:
        """The proxies concerned and what they answered; not `complete` when the deadline passed first."""
        began = self._clock()
        before = self._last if self._last is not None else self._look()
        self._until_seen(resource_version, began + min(timeout, _SEEN_SECONDS))
        now, moved, answered = self._look(), self._clock(), dict[str, float]()
        while True:
            concerned = syncz.changed(before, now)
            for proxy in concerned:
                if proxy not in answered and _is_answered(now, proxy):
                    answered[proxy] = self._clock() - began
            settled = self._clock() - moved >= SETTLE_SECONDS and all(
                _is_answered(now, proxy) for proxy in now
            )
            if settled or self._clock() - began >= timeout:
                self._last = now
                acks = tuple(_ack(proxy, types, now, answered) for proxy, types in sorted(concerned.items()))
                last = max(answered.values(), default=0.0)
                return Distribution(resource_version, settled, acks, last * 1000)
            self._sleep(_POLL_SECONDS)
            fresh = self._look()
            moved = self._clock() if syncz.changed(now, fresh) else moved
            now = fresh

    def _until_seen(self, resource_version: str, deadline: float) -> None:
        """Until istiod holds an Istio object as new as that; a change of another kind of object is never seen there."""
        wanted = int(resource_version) if resource_version.isdigit() else 0
        while self._clock() < deadline:
            if (
                max((syncz.newest_version(page) for page in self._istiods.pages("/debug/configz")), default=0)
                >= wanted
            ):
                return
            self._sleep(_POLL_SECONDS)

    def _look(self) -> syncz.Status:
        return syncz.read(self._istiods.pages("/debug/syncz"))


def _is_answered(status: syncz.Status, proxy: str) -> bool:
    return all(sync.state != "PENDING" for sync in status[proxy].values())


def _ack(proxy: str, types: tuple[str, ...], now: syncz.Status, answered: dict[str, float]) -> ProxyAck:
    syncs = [now[proxy][t] for t in types]
    states = {sync.state for sync in syncs}
    state = "NACK" if "NACK" in states else "PENDING" if "PENDING" in states else "ACK"
    error = next((sync.error for sync in syncs if sync.state == "NACK"), "")
    return ProxyAck(proxy, state, round(answered.get(proxy, 0.0) * 1000, 1), types, error)
