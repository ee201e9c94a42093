"""Sending from a pod of a real cluster, through the API server."""

from __future__ import annotations

import json
import time

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.kube.client import KubeClient
from meshtutor.traffic.incluster import ClientPodSender
from meshtutor.traffic.outcome import Request
from tests.support.kubernetes import FakeKubernetes
from tests.support.servers import Answer


@pytest.fixture
def kubernetes():
    fake = FakeKubernetes()
    yield fake
    fake.server.close()


@pytest.fixture
def sender(kubernetes, tmp_path) -> ClientPodSender:
    return ClientPodSender(KubeClient.from_kubeconfig(kubernetes.kubeconfig(tmp_path)), "default", "client-1")


def answer_jobs(asked) -> Answer:
    job = json.loads(asked.body)
    one = {"status": 200, "at": 0.5, "milliseconds": 3.25, "service": "reviews", "version": "v2", "pod": "r",
           "calls": [["ratings", "v1"]]}  # fmt: skip
    results = [one, {"status": 0, "error": "TimeoutError: timed out", "milliseconds": 9, "at": 0.1}]
    return Answer(200, json.dumps({"results": (results * job["n"])[: job["n"]]}).encode())


def test_results_become_outcomes(kubernetes, sender):
    kubernetes.proxied = answer_jobs
    good, bad = sender.send(Request("http://reviews:9080/reviews/0", headers={"end-user": "jason"}), 2)
    assert (good.status, good.version, good.version_of("ratings"), good.milliseconds) == (
        200,
        "v2",
        "v1",
        3.25,
    )
    assert good.at == pytest.approx(time.time(), abs=5)
    assert (bad.status, bad.error) == (0, "TimeoutError: timed out")
    (asked,) = kubernetes.server.asked
    assert asked.target == "/api/v1/namespaces/default/pods/client-1:9080/proxy/send"
    job = json.loads(asked.body)
    assert (job["url"], job["n"], job["headers"]) == (
        "http://reviews:9080/reviews/0",
        2,
        {"end-user": "jason"},
    )


def test_many_requests_go_in_batches_so_that_progress_shows(kubernetes, sender):
    kubernetes.proxied = answer_jobs
    told: list[int] = []
    assert len(sender.send(Request("http://x/"), 450, on_done=told.append)) == 450
    assert told == [200, 400, 450]


def test_with_a_rate_a_batch_is_a_second_long(kubernetes, sender):
    kubernetes.proxied = answer_jobs
    told: list[int] = []
    sender.send(Request("http://x/"), 50, rate=20, on_done=told.append)
    assert told == [20, 40, 50]
    assert sender.batch(20) == 20


def test_a_pod_that_cannot_send_is_named(kubernetes, sender):
    kubernetes.proxied = lambda asked: Answer(404, b"/send is not a path of reviews")
    with pytest.raises(MeshtutorError, match="Pod client-1 could not send") as caught:
        sender.send(Request("http://x/"), 1)
    assert "from_pod" in caught.value.hint
