"""The conclusion that every proxy has a change, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meshtutor.errors import NotReadyError
from meshtutor.providers.context.distribution import SETTLE_SECONDS, UNSETTLED_SECONDS, Watcher


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


class Shared(Istiod):
    """A cluster of a class: `theirs` says what istiod tells of somebody else's proxy at a time."""

    def __init__(self, theirs: Callable[[float], tuple[str, str]], **times: float) -> None:
        super().__init__(**times)
        self._theirs = theirs

    def pages(self, path: str) -> list[Any]:
        pages = super().pages(path)
        if path != "/debug/configz":
            sent, acked = self._theirs(self.now)
            pages[0].append({"proxy": "app-1.team-b", "route_sent": sent, "route_acked": acked})
        return pages

    def wait(self, version: str = "100", timeout: float = 30.0):
        mine = lambda proxy: proxy.endswith(".default")  # noqa: E731
        return Watcher(self, self.clock, self.sleep).wait(version, timeout, mine)


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param(lambda now: ("new", "old"), id="one that never answers"),
        pytest.param(lambda now: (f"{now // 0.3}", f"{now // 0.3}"), id="one that changes all the time"),
    ],
)
def test_other_peoples_proxies_are_not_waited_for(theirs: Callable[[float], tuple[str, str]]) -> None:
    cluster = Shared(theirs)
    answer = cluster.wait()
    assert answer.complete
    assert [ack.proxy for ack in answer.proxies] == ["p.default"]
    assert cluster.now < 1.5


def test_where_others_change_ones_own_proxies_all_the_time_it_says_that_it_does_not_know() -> None:
    """Each change of somebody's pods is sent to all proxies: which response had the learner's, nobody says."""

    class Restless(Istiod):
        def pages(self, path: str) -> list[Any]:
            nonce = str(self.now // 0.3)
            return super().pages(path) if path == "/debug/configz" else [
                [{"proxy": "p.default", "route_sent": nonce, "route_acked": nonce}]]  # fmt: skip

    cluster = Restless()
    answer = cluster.wait(timeout=60.0)
    assert not answer.complete
    assert "without a pause" in answer.note
    assert UNSETTLED_SECONDS <= cluster.now < UNSETTLED_SECONDS + 1
