"""Sending over real sockets."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.traffic.outcome import Request
from meshtutor.traffic.sender import LocalSender
from tests.support.servers import Answer, serving

APP = {"x-app-service": "reviews", "x-app-version": "v1", "x-app-pod": "reviews-v1-a"}


def app(version: str = "v1", calls: str = "", status: int = 200) -> Answer:
    return Answer(status, b"{}", {**APP, "x-app-version": version, "x-app-calls": calls})


def test_every_request_becomes_an_outcome_in_the_order_of_sending():
    with serving(lambda asked: app()) as server:
        outcomes = LocalSender().send(Request(server.url + "/reviews/0"), 25, concurrency=4)
    assert len(outcomes) == len(server.asked) == 25
    assert {(o.status, o.service, o.version, o.pod) for o in outcomes} == {
        (200, "reviews", "v1", "reviews-v1-a")
    }
    assert all(0 < o.milliseconds < 5000 for o in outcomes)


def test_through_a_proxy_the_whole_url_is_asked_for_and_the_host_is_the_service():
    with serving(lambda asked: app()) as sidecar:
        LocalSender(sidecar.url).send(
            Request("http://reviews:9080/reviews/0", headers={"end-user": "jason"}), 1
        )
    (asked,) = sidecar.asked
    assert asked.target == "http://reviews:9080/reviews/0"
    assert asked.headers["host"] == "reviews:9080"
    assert asked.headers["end-user"] == "jason"


def test_a_nodes_proxy_is_told_the_namespace_and_gets_a_connection_for_each_request():
    connections = set()
    with serving(lambda asked: connections.add(asked.client) or app()) as node:
        proxy = node.url.replace("http://", "http://outside:namespace@")
        outcomes = LocalSender(proxy).send(Request("http://reviews:9080/"), 5)
    assert [outcome.status for outcome in outcomes] == [200] * 5
    assert (
        node.asked[0].headers["proxy-authorization"]
        == "Basic " + base64.b64encode(b"outside:namespace").decode()
    )
    assert len(connections) == 5


def test_connections_to_a_sidecar_are_kept():
    connections = set()
    with serving(lambda asked: connections.add(asked.client) or app()) as sidecar:
        LocalSender(sidecar.url).send(Request("http://reviews:9080/"), 5, concurrency=1)
    assert len(connections) == 1


def test_versions_further_down_are_read_from_the_answer():
    with serving(lambda asked: app("v3", "ratings=v7,deep=v9")) as server:
        (outcome,) = LocalSender().send(Request(server.url), 1)
    assert (outcome.version_of(), outcome.version_of("ratings"), outcome.version_of("deep")) == (
        "v3",
        "v7",
        "v9",
    )
    assert outcome.version_of("nobody") == ""


def test_a_body_that_is_not_text_is_sent_as_json():
    with serving(lambda asked: app()) as server:
        LocalSender().send(Request(server.url, method="PUT", body={"delay_ms": 5}), 1)
    assert json.loads(server.asked[0].body) == {"delay_ms": 5}


def test_nobody_listening_is_an_outcome_with_a_sentence():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (outcome,) = LocalSender().send(Request(f"http://127.0.0.1:{port}/"), 1)
    assert outcome.status == 0
    assert outcome.error == f"connection refused by 127.0.0.1:{port}"


def test_a_hang_up_is_an_outcome_with_a_sentence():
    with serving(lambda asked: None) as server:
        (outcome,) = LocalSender().send(Request(server.url), 1)
    assert (outcome.status, outcome.error) == (0, "the connection was closed without an answer")


def test_a_slow_answer_is_cut_off_at_the_timeout():
    answered = threading.Event()
    with serving(lambda asked: answered.wait(5) and None) as server:
        (outcome,) = LocalSender().send(Request(server.url, timeout=0.2), 1)
        answered.set()
    assert (outcome.status, outcome.error) == (0, "no answer within 0.2 s")
    assert 150 < outcome.milliseconds < 2000


def test_a_redirect_is_shown_not_followed():
    with serving(lambda asked: Answer(301, b"", {"Location": "/elsewhere"})) as server:
        (outcome,) = LocalSender().send(Request(server.url), 1)
    assert outcome.status == 301
    assert len(server.asked) == 1


def test_the_rate_spreads_requests_over_time():
    with serving(lambda asked: app()) as server:
        started = time.monotonic()
        LocalSender().send(Request(server.url), 21, rate=100)
    assert time.monotonic() - started >= 0.2  # the 21st is due 20/100 s after the first


def test_no_more_than_concurrency_are_under_way():
    under_way, most, lock = 0, 0, threading.Lock()

    def slow(asked):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return app()

    with serving(slow) as server:
        LocalSender().send(Request(server.url), 24, concurrency=3)
    assert most == 3


def test_progress_is_told():
    told: list[int] = []
    with serving(lambda asked: app()) as server:
        LocalSender().send(Request(server.url), 5, on_done=told.append)
    assert told[-1] == 5


def test_interrupted_the_workers_end():
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with serving(lambda asked: app()) as server:
        with pytest.raises(KeyboardInterrupt):
            LocalSender().send(Request(server.url), 10_000, rate=50, on_done=interrupt)
        wait_until(lambda: not [t for t in threading.enumerate() if t.name == "meshtutor-send"])


@pytest.mark.parametrize("url", ["reviews", "ftp://reviews/", "http:///x"])
def test_what_is_not_a_url_is_refused_with_what_was_expected(url):
    with pytest.raises(MeshtutorError, match="is not a URL"):
        LocalSender().send(Request(url), 1)


def test_https_through_a_sidecar_is_refused_with_the_reason():
    with pytest.raises(MeshtutorError, match="its sidecar sees requests, not tunnels"):
        LocalSender("http://127.0.0.1:15001").send(Request("https://example.org/"), 1)


def wait_until(condition, timeout: float = 5.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
