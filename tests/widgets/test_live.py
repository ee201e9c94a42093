"""What runs behind a widget: only while somebody looks, and what it counts."""

from __future__ import annotations

import threading
import time

import pytest

from meshtutor.errors import MeshtutorError, QueryError
from meshtutor.telemetry.istio import RequestSamples
from meshtutor.telemetry.results import Matrix, Series
from meshtutor.traffic.load import Load
from meshtutor.traffic.outcome import Outcome, Request
from meshtutor.widgets import heartbeat
from meshtutor.widgets.face import CALM_SECONDS, Pace
from meshtutor.widgets.heartbeat import Beat
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import IDLE_SECONDS, Live
from meshtutor.widgets.observer import Observer

TARGET = {"job": "p", "instance": "client"}


class Counters:
    """Prometheus as a test drives it: a scrape per second of two counters."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.points: dict[str, list[tuple[float, float]]] = {"v1": [], "v3": []}
        self.error: MeshtutorError | None = None
        self.reads = 0

    def scrape(self, v1: int, v3: int) -> None:
        self.now += 1.0
        for name, grown in (("v1", v1), ("v3", v3)):
            last = self.points[name][-1][1] if self.points[name] else 0.0
            self.points[name].append((self.now, last + grown))

    def read(self, seconds: float) -> RequestSamples:
        self.reads += 1
        if self.error:
            raise self.error
        found = (
            Series(
                {**TARGET, "destination_version": name},
                tuple(p for p in points if p[0] > self.now - seconds - 6),
            )
            for name, points in self.points.items()
        )
        return RequestSamples(Matrix("", tuple(found)), Matrix("", (Series(TARGET, ((1.0, 1.0),)),)))


class Quiet:
    """A sender whose answers are always good."""

    def send(self, request, n, **kwargs):
        return [Outcome(200, 1.0) for _ in range(n)]


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def observer(counters) -> Observer:
    return Observer(counters.read, ("v1", "v3"), lambda: None, clock=lambda: counters.now)


def newest(observer: Observer) -> dict[str, int]:
    return dict(observer.history.points[-1][1].counts)


def test_each_scrape_is_a_point_with_the_last_seconds_requests(counters, observer):
    for _ in range(8):
        counters.scrape(20, 0)
    assert observer.poll()
    assert len(observer.history.points) == 8
    assert newest(observer) == {"v1": 100}
    assert not observer.poll()  # nothing new


def test_after_a_change_only_requests_under_the_new_rule_count(counters, observer):
    for _ in range(8):
        counters.scrape(20, 0)
    observer.poll()
    observer.aim({"v1": 0, "v3": 100}, at=counters.now + 0.4)
    counters.scrape(8, 12)  # straddles the change: it is shown, so that the shift is seen at once
    observer.poll()
    assert newest(observer) == {"v1": 8, "v3": 12}
    for second in range(
        1, 8
    ):  # from here on nothing from before the change, also when the window has moved past it
        counters.scrape(0, 20)
        observer.poll()
        assert newest(observer) == {"v3": min(20 * second, 100)}


def test_prometheus_trouble_is_a_sentence_and_passes(counters, observer):
    counters.scrape(1, 1)
    counters.error = QueryError("Prometheus does not answer: connection refused")
    assert observer.poll()
    assert observer.error == "Prometheus does not answer: connection refused"
    counters.error = None
    counters.scrape(1, 1)
    assert observer.poll()
    assert observer.error == ""


def test_polling_ends_with_its_lease(counters, observer):
    observer.run(0.2)
    assert observer.running
    wait_until(lambda: not observer.running)
    reads = counters.reads
    assert not [t for t in threading.enumerate() if t.name == "meshtutor-observe"]
    assert counters.reads == reads


@pytest.fixture
def live(observer):
    made: list[Load] = []

    def make() -> Load:
        made.append(Load(Quiet(), Request("http://reviews/"), rate=50))
        return made[-1]

    clock = [0.0]
    one = Live(make, observer, clock=lambda: clock[0])
    one.made, one.clock_hand = made, clock
    yield one
    one.close()


def test_nothing_runs_until_somebody_looks(live):
    assert live.load is None
    assert not live.observer.running
    live.beat()
    assert live.load.running
    assert live.observer.running


def test_without_beats_everything_ends(live, monkeypatch):
    monkeypatch.setattr("meshtutor.widgets.live.LEASE_SECONDS", 0.2)
    live.beat()
    wait_until(lambda: not live.load.running and not live.observer.running)
    assert not [t for t in threading.enumerate() if t.name.startswith("meshtutor-")]


def test_after_a_long_time_without_a_touch_the_load_pauses_and_says_so(live):
    live.beat()
    live.clock_hand[0] = IDLE_SECONDS + 1
    live.beat()
    assert not live.load.running
    assert live.note == "Paused after 15 minutes without a touch."
    live.resume()
    assert live.load.running
    assert live.note == ""


def test_after_a_long_time_without_a_touch_nobody_asks_any_more_until_the_next_touch(live, monkeypatch):
    monkeypatch.setattr("meshtutor.widgets.live.LEASE_SECONDS", 0.2)
    live.beat()
    live.clock_hand[0] = IDLE_SECONDS + 1
    live.beat()
    wait_until(lambda: not live.observer.running)
    live.beat()
    assert not live.observer.running
    live.touch()
    live.beat()
    assert live.observer.running


def test_scrolled_out_of_sight_nobody_asks_but_what_was_started_goes_on(live, monkeypatch):
    monkeypatch.setattr("meshtutor.widgets.live.LEASE_SECONDS", 0.2)
    live.beat()
    wait_until(lambda: not live.observer.running)
    live.beat(Beat(seen=False))
    assert live.load.running
    assert not live.observer.running
    live.beat()
    assert live.observer.running


def test_paused_it_stays_paused_while_somebody_looks(live):
    live.beat()
    live.pause()
    live.beat()
    assert not live.load.running
    assert live.observer.running  # the chart shows that nothing comes


def test_a_load_that_another_widget_replaced_is_not_revived_by_a_beat_but_by_a_click(live):
    live.beat()
    live.load.close()
    live.beat()
    assert live.paused
    assert "one runs per mesh" in live.note
    live.resume()
    assert live.load.running
    assert len(live.made) == 2


def test_when_its_output_is_removed_it_rests_until_it_is_shown_again(live):
    live.beat()
    live.rest()
    assert not live.load.running
    assert not live.observer.running
    live.beat()
    assert live.load.running
    assert not live.paused


def test_closed_it_ignores_beats(live):
    live.beat()
    live.close()
    live.beat()
    assert not live.load.running
    assert not live.observer.running


def test_a_load_that_cannot_be_made_is_a_sentence(observer):
    def fail() -> Load:
        raise MeshtutorError("No pod 'client' in namespace default.", "mesh.reset()")

    live = Live(fail, observer)
    live.beat()
    assert "No pod 'client'" in live.note
    live.close()


def test_the_latest_request_wins_and_none_in_between_is_done():
    gate, done = threading.Event(), []
    state = {"value": 0}

    def work() -> None:
        done.append(state["value"])
        gate.wait(5)

    worker = Latest(work)
    worker.request()
    wait_until(lambda: done == [0])
    for value in (1, 2, 3):
        state["value"] = value
        worker.request()
    gate.set()
    assert worker.join()
    assert done == [0, 3]
    assert not [t for t in threading.enumerate() if t.name == "meshtutor-apply"]


def test_a_beat_of_the_page_is_heard_and_other_messages_are_not():
    beats = []
    beating = heartbeat.Heartbeat(beats.append, lambda: beats.append("gone"))
    beating._received(beating, {"beat": True, "seen": True}, [])
    beating._received(beating, {"beat": True, "seen": False, "calm": True}, [])
    beating._received(beating, {"gone": True}, [])
    beating._received(beating, {"other": 1}, [])
    beating._received(beating, "beat", [])
    assert beats == [Beat(seen=True), Beat(seen=False, calm=True), "gone"]
    beating.close()


def test_a_page_that_wants_less_motion_is_drawn_seldom_and_the_last_news_are_not_lost():
    now, drawn = [0.0], []
    pace = Pace(lambda: drawn.append(now[0]), clock=lambda: now[0])
    for now[0] in (0.0, 1.0, 2.0):
        pace.news()
    assert drawn == [0.0, 1.0, 2.0]
    pace.beat(calm=True)
    for now[0] in (3.0, 4.0, 5.0):
        pace.news()
    assert drawn == [0.0, 1.0, 2.0]
    now[0] = 2.0 + CALM_SECONDS
    pace.beat(calm=True)
    assert drawn[3:] == [2.0 + CALM_SECONDS]
    now[0] += 2 * CALM_SECONDS
    pace.beat(calm=True)
    assert len(drawn) == 4, "without news there is nothing to draw"
    pace.news()
    pace.news()
    assert len(drawn) == 5
    pace.beat(calm=False)
    assert len(drawn) == 6


def test_resumed_a_page_that_wants_less_motion_is_still_one(live):
    told = []
    live.on_calm = told.append
    live.beat(Beat(calm=True))
    live.pause()
    live.resume()
    assert told == [True, True]


def wait_until(condition, timeout: float = 5.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
