"""The conclusion that every proxy has a change, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meshtutor.errors import NotReadyError
from meshtutor.providers.context.distribution import SETTLE_SECONDS, Watcher


class Istiod:
    """A control plane in virtual time: it sees a change, waits, sends, and the proxy answers."""

    def __init__(self, *, seen: float = 0.02, sent: float = 0.15, acked: float = 0.2) -> None:
        self.now, self._seen, self._sent, self._acked = 0.0, seen, sent, acked
        self.sleep: Callable[[float], None] = self._pass

    def pages(self, path: str) -> list[Any]:
        if path == "/debug/configz":
            return [[{"metadata": {"resourceVersion": "100" if self.now >= self._seen else "99"}}]]
        sent = "new" if self.now >= self._sent else "old"
        acked = "new" if self.now >= self._acked else "old"
        return [[{"proxy": "p.default", "route_sent": sent, "route_acked": acked},
                 {"proxy": "other.default", "route_sent": "same", "route_acked": "same"}]]  # fmt: skip

    def clock(self) -> float:
        return self.now

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, version: str = "100", timeout: float = 10.0):
        return Watcher(self, self.clock, self.sleep).wait(version, timeout)


def test_it_waits_for_the_debounce_and_for_the_answer() -> None:
    answer = Istiod().wait()
    assert answer.complete
    assert [(ack.proxy, ack.state, ack.types) for ack in answer.proxies] == [("p.default", "ACK", ("RDS",))]
    assert 190 <= answer.milliseconds <= 260


def test_a_push_within_the_settling_time_is_waited_for() -> None:
    late = Istiod(sent=0.02 + SETTLE_SECONDS - 0.06, acked=2.0)
    answer = late.wait()
    assert answer.complete
    assert answer.proxies
    assert late.now >= 2.0


def test_it_gives_up_at_the_deadline_and_says_who_is_missing() -> None:
    answer = Istiod(acked=60).wait(timeout=3.0)
    assert not answer.complete
    assert answer.proxies[0].state == "PENDING"


def test_a_change_that_istiod_never_sees_does_not_hold_it_up() -> None:
    istiod = Istiod(sent=1e9, acked=1e9)
    answer = istiod.wait("12345678")
    assert answer.complete
    assert answer.proxies == ()
    assert istiod.now < 1.5


def test_an_istiod_that_cannot_be_asked_raises() -> None:
    class Silent:
        def pages(self, path: str) -> list[Any]:
            raise NotReadyError("no")

    with pytest.raises(NotReadyError):
        Watcher(Silent()).wait("1", 1)
