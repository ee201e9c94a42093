"""A background load runs on a lease and leaves nothing behind."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from meshtutor.traffic.load import Load
from meshtutor.traffic.outcome import Request
from meshtutor.traffic.sender import LocalSender
from tests.support.servers import Answer, serving
from tests.traffic.test_sender import app, wait_until


def load_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "meshtutor-load"]


def test_it_sends_at_its_rate_until_the_lease_ends_and_then_its_threads_are_gone():
    with serving(lambda asked: app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=100)
        load.run(0.5)
        assert load.running
        wait_until(lambda: not load.running)
        assert load.sent == pytest.approx(50, abs=12)
        wait_until(lambda: not load_threads())


def test_renewing_the_lease_starts_no_second_crew():
    with serving(lambda asked: app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=50)
        for _ in range(20):
            load.run(5)
        assert len(load_threads()) == 4
        load.close()
    assert not load_threads()


def test_paused_it_sends_nothing_and_resumed_it_goes_on():
    with serving(lambda asked: app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=100)
        load.run(10)
        wait_until(lambda: load.sent > 5)
        load.pause()
        sent = load.sent
        assert not load_threads()
        assert load.sent == sent
        load.run(10)
        wait_until(lambda: load.sent > sent)
        load.close()


def test_closed_it_never_starts_again():
    with serving(lambda asked: app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=100)
        load.close()
        load.run(10)
        assert not load.running
        assert not load_threads()


def test_failures_are_counted_and_the_last_one_is_told():
    with serving(lambda asked: Answer(503, b"no healthy upstream")) as server:
        load = Load(LocalSender(), Request(server.url), rate=100)
        load.run(10)
        wait_until(lambda: load.failed > 3)
        load.close()
    assert load.last_error == "no healthy upstream"
    assert "failed" in repr(load)


def test_slow_answers_are_not_made_up_for_with_a_burst():
    with serving(lambda asked: time.sleep(0.3) or app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=200)
        load.run(0.9)
        wait_until(lambda: not load.running)
    assert load.sent <= 4 * 5  # four workers, three or four answers each


def test_a_load_costs_little_processor_time():
    with serving(lambda asked: app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=20)
        before = time.thread_time()
        load.run(1.0)
        wait_until(lambda: not load.running)
        assert time.thread_time() - before < 0.5


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_makes_no_sense_is_refused(rate):
    with pytest.raises(ValueError, match="rate must be more than 0"):
        Load(LocalSender(), Request("http://x/"), rate=rate)


def test_each_turn_may_send_another_request():
    asked: list[str] = []
    names = iter(f"user-{n}" for n in range(10_000))
    with serving(lambda got: asked.append(got.headers["end-user"]) or app()) as server:
        load = Load(LocalSender(), Request(server.url), rate=100)
        load.vary = lambda request: replace(request, headers={"end-user": next(names)})
        load.run(10)
        wait_until(lambda: load.sent >= 5)
        load.close()
    assert len(set(asked)) == len(asked) >= 5
    assert load.request.headers == {}
