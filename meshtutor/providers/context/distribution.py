"""When does every proxy have a change? Concluded from what istiod says of itself.

Real istiod does not answer that question directly (the embedded control plane does). It waits until the API has been
quiet for PILOT_DEBOUNCE_AFTER (100 ms by default, at most PILOT_DEBOUNCE_MAX, 10 s), then computes, then sends to the
proxies that are concerned. So a change counts as distributed when

1. istiod holds an Istio object at least as new as the change (`/debug/configz`), if the change is of an Istio object;
2. nothing new has been sent for `SETTLE_SECONDS`, which is longer than the debounce; and
3. all that was sent has been acknowledged, or rejected (`/debug/syncz`).

2 and 3 are asked of the learner's own proxies and of the gateway's alone: in a cluster that is shared, other people's
proxies come, go and hang as they like. What others change is sent to the learner's proxies as well, though. Where that
goes on without a pause for `UNSETTLED_SECONDS`, it cannot be told which response had the change, and the answer says
so; and in a mesh that changes all the time the debounce may be longer than the settling time, so that the conclusion
is wrong. Milliseconds are counted from the question, and are only as fine as the polling.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from meshtutor.providers.base import Distribution, ProxyAck
from meshtutor.providers.context import syncz

SETTLE_SECONDS: Final = 0.4
UNSETTLED_SECONDS: Final = 10.0  # PILOT_DEBOUNCE_MAX: by then istiod has computed, whatever else changes
_SEEN_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.05


_RESTLESS: Final = (
    f"Whether every proxy has the change could not be learned: for {UNSETTLED_SECONDS:g} s istiod sent something new "
    "without a pause, so others change the mesh; all that was sent is acknowledged"
)
T = TypeVar("T")


class _State(Enum):
    WAITING, SETTLED, RESTLESS = range(3)


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

    def wait(
        self, resource_version: str, timeout: float, concerns: Callable[[str], bool] = lambda _: True
    ) -> Distribution:
        """The proxies concerned and what they answered; not `complete` when the deadline passed first.

        `concerns`: whether a proxy is to be asked; `note` says why it cannot be told where others change the mesh.
        """
        began = self._clock()
        before = self._last if self._last is not None else self._look()
        self._until_seen(resource_version, began + min(timeout, _SEEN_SECONDS))
        now = self._look()
        moved, answered, state = self._clock(), dict[str, float](), _State.WAITING
        while True:
            sent = _of(syncz.changed(before, now), concerns)
            waited = self._clock() - began
            answered.update({p: waited for p in sent if p not in answered and _is_answered(now, p)})
            state = _judge(_of(now, concerns), self._clock() - moved, waited)
            if state is not _State.WAITING or waited >= timeout:
                break
            self._sleep(_POLL_SECONDS)
            fresh = self._look()
            moved = self._clock() if _of(syncz.changed(now, fresh), concerns) else moved
            now = fresh
        self._last = now
        acks = tuple(_ack(proxy, types, now, answered) for proxy, types in sorted(sent.items()))
        last, settled = max(answered.values(), default=0.0), state is _State.SETTLED
        note = _RESTLESS if state is _State.RESTLESS else ""
        return Distribution(resource_version, settled, acks, last * 1000, note)

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


def _of(found: Mapping[str, T], concerns: Callable[[str], bool]) -> dict[str, T]:
    return {proxy: one for proxy, one in found.items() if concerns(proxy)}


def _judge(asked: syncz.Status, quiet: float, waited: float) -> _State:
    if not all(_is_answered(asked, proxy) for proxy in asked):
        return _State.WAITING
    if quiet >= SETTLE_SECONDS:
        return _State.SETTLED
    return _State.RESTLESS if waited >= UNSETTLED_SECONDS else _State.WAITING


def _is_answered(status: syncz.Status, proxy: str) -> bool:
    return all(sync.state != "PENDING" for sync in status[proxy].values())


def _ack(proxy: str, types: tuple[str, ...], now: syncz.Status, answered: dict[str, float]) -> ProxyAck:
    syncs = [now[proxy][t] for t in types]
    states = {sync.state for sync in syncs}
    state = "NACK" if "NACK" in states else "PENDING" if "PENDING" in states else "ACK"
    error = next((sync.error for sync in syncs if sync.state == "NACK"), "")
    return ProxyAck(proxy, state, round(answered.get(proxy, 0.0) * 1000, 1), types, error)
