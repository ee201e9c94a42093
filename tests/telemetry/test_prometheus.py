"""Prometheus' API through the API server's proxy, with answers as Prometheus gives them."""

from __future__ import annotations

import itertools
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from meshtutor.errors import NotReadyError, QueryError
from meshtutor.kube.client import KubeClient
from meshtutor.telemetry.istio import count_requests, patience, wait_for_scrape
from meshtutor.telemetry.prometheus import Prometheus
from tests.support.kubernetes import FakeKubernetes
from tests.support.servers import Answer

BASE = "/api/v1/namespaces/istio-system/services/prometheus:9090/proxy/api/v1"


def success(kind: str, result) -> Answer:
    body = {"status": "success", "data": {"resultType": kind, "result": result} if kind else result}
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def kubernetes():
    fake = FakeKubernetes()
    yield fake
    fake.server.close()


@pytest.fixture
def prometheus(kubernetes, tmp_path) -> Prometheus:
    made = Prometheus(KubeClient.from_kubeconfig(kubernetes.kubeconfig(tmp_path)))
    made._interval = 1.0  # what it would ask for first
    return made


def configured(yaml: str, targets=()):
    """A Prometheus with this configuration, which has found these targets: (URL, interval)."""
    active = [{"scrapeUrl": url, "scrapeInterval": interval, "labels": {}} for url, interval in targets]

    def answer(asked):
        path = urlsplit(asked.target).path
        if path.endswith("/status/config"):
            return success("", {"yaml": yaml})
        return success("", {"activeTargets": active}) if path.endswith("/targets") else None

    return answer


def query_of(asked) -> str:
    return parse_qs(urlsplit(asked.target).query)["query"][0]


def test_a_query_goes_through_the_service_proxy_with_the_token(kubernetes, prometheus):
    kubernetes.proxied = lambda asked: success("vector", [{"metric": {"pod": "a"}, "value": [12.5, "3"]}])
    result = prometheus.query("up")
    (asked,) = kubernetes.server.asked
    assert urlsplit(asked.target).path == f"{BASE}/query"
    assert [(s.labels, s.value, s.time) for s in result] == [({"pod": "a"}, 3.0, 12.5)]
    assert result.value == 3.0


def test_no_data_is_zero_and_says_so(kubernetes, prometheus):
    kubernetes.proxied = lambda asked: success("vector", [])
    result = prometheus.query("istio_requests_total")
    assert result.value == 0
    assert repr(result) == "istio_requests_total: no data (yet)"


def test_several_values_are_not_one(kubernetes, prometheus):
    items = [{"metric": {"version": v}, "value": [1, "2"]} for v in ("v1", "v2")]
    kubernetes.proxied = lambda asked: success("vector", items)
    result = prometheus.query("x")
    with pytest.raises(QueryError, match="has 2 values, not one"):
        _ = result.value
    assert result.by("version") == {"v1": 2.0, "v2": 2.0}
    assert "version" in repr(result)
    assert "<td" in result._repr_html_()


def test_a_scalar_is_a_vector_without_labels(kubernetes, prometheus):
    kubernetes.proxied = lambda asked: success("scalar", [5.5, "42"])
    assert prometheus.query("scalar(vector(42))").value == 42


def test_prometheus_own_words_reach_the_learner(kubernetes, prometheus):
    body = {"status": "error", "errorType": "bad_data", "error": "1:5: parse error: unexpected end of input"}
    kubernetes.proxied = lambda asked: Answer(
        400, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with pytest.raises(QueryError, match="1:5: parse error: unexpected end of input") as caught:
        prometheus.query("sum(")
    assert "'sum('" in caught.value.message


def test_a_prometheus_that_is_down_is_a_sentence_with_the_next_step(prometheus):
    with pytest.raises(QueryError, match="Prometheus does not answer") as caught:
        prometheus.query("up")
    assert "meshtutor status" in caught.value.hint


def test_a_range_selector_is_explained(kubernetes, prometheus):
    kubernetes.proxied = lambda asked: success("matrix", [])
    with pytest.raises(QueryError, match="raw samples over time"):
        prometheus.query("up[5s]")


def test_ranges_and_series(kubernetes, prometheus):
    values = {"metric": {"v": "v1"}, "values": [[1, "1"], [2, "4"]]}
    kubernetes.proxied = lambda asked: success("matrix", [values])
    (series,) = prometheus.query_range("rate(x[5s])", seconds=10, end=100.0)
    assert (series.times, series.values) == ([1.0, 2.0], [1.0, 4.0])
    asked = parse_qs(urlsplit(kubernetes.server.asked[0].target).query)
    assert (asked["start"], asked["end"], asked["step"]) == (["90.0"], ["100.0"], ["1.0"])
    kubernetes.proxied = lambda asked: success("", [{"__name__": "up"}])
    assert prometheus.series("up") == [{"__name__": "up"}]


def test_requests_are_counted_by_version_as_the_callers_saw_them(kubernetes, prometheus):
    target = {"job": "p", "instance": "i"}

    def answer(asked):
        query = query_of(asked)
        if query == "time()":
            return success("scalar", [100.0, "100.0"])
        if query.startswith("up"):
            return success("matrix", [{"metric": target, "values": [[85, "1"], [99, "1"]]}])
        assert 'reporter="source"' in query
        assert 'destination_service_name="reviews"' in query
        old = {
            "metric": {**target, "destination_version": "v1"},
            "values": [[85, "5"], [89, "10"], [99, "80"]],
        }
        new = {"metric": {**target, "destination_version": "v3"}, "values": [[95, "10"], [99, "30"]]}
        return success("matrix", [old, new])

    kubernetes.proxied = answer
    assert count_requests(prometheus, "reviews", "default", window="10s").counts == {"v1": 70, "v3": 30}


# The jobs of Istio's add-on by their kind and pace: nodes and services of the cluster at the common one, pods likewise,
# and two jobs for those that ask to be looked at seldom.
ADD_ON = """\
global: {scrape_interval: %s, scrape_timeout: 10s, evaluation_interval: 1m}
scrape_configs:
- {job_name: nodes, scheme: https}
- {job_name: pods, honor_labels: true}
- {job_name: pods-slow, honor_labels: true, scrape_interval: 5m, scrape_timeout: 30s}
- {job_name: service-endpoints, honor_labels: true}
- {job_name: service-endpoints-slow, honor_labels: true, scrape_interval: 5m, scrape_timeout: 30s}
- {job_name: itself, static_configs: [{targets: ["localhost:9090"]}]}
"""
NODE = ("https://10.0.0.1:6443/api/v1/nodes/server-0/proxy/metrics", "15s")
SIDECAR = "http://10.1.0.%d:15020/stats/prometheus"
SELDOM = ("http://10.1.0.9:8080/metrics", "5m")


@pytest.mark.parametrize(
    ("yaml", "targets", "seconds"),
    [
        (ADD_ON % "15s", [NODE, (SIDECAR % 1, "15s"), (SIDECAR % 2, "15s"), SELDOM], 15),
        (ADD_ON % "1s", [(SIDECAR % 1, "1s"), SELDOM], 1),
        (ADD_ON % "1s", [SELDOM], 1),
        ("global: {scrape_interval: 1m}", [("http://10.1.0.1:15090/stats/prometheus?usedonly=1", "500ms")], 0.5),
        ("global: {scrape_interval: 1m}", [(SIDECAR % 1, "10s"), (SIDECAR % 2, "30s")], 30),
        ("global: {scrape_interval: 1m}", [(SIDECAR % 1, "10s"), (SIDECAR % 1, "30s")], 10),
        ("scrape_configs: []", [], 60),
    ],
)  # fmt: skip
def test_the_interval_is_that_of_the_proxies_and_of_nothing_else(
    kubernetes, prometheus, yaml, targets, seconds
):
    prometheus._interval = None
    kubernetes.proxied = configured(yaml, targets)
    assert prometheus.scrape_interval == seconds
    assert patience(prometheus) == max(15, 2 * seconds)


def test_an_interval_that_no_proxy_has_told_yet_is_asked_for_again(kubernetes, prometheus):
    prometheus._interval = None
    kubernetes.proxied = configured(ADD_ON % "15s")
    assert prometheus.scrape_interval == 15
    kubernetes.proxied = configured(ADD_ON % "15s", [(SIDECAR % 1, "5s")])
    assert prometheus.scrape_interval == 5


def test_requests_are_counted_from_the_sample_before_the_window_however_rare_scrapes_are(
    kubernetes, prometheus
):
    prometheus._interval = 15.0
    asked_for = []

    def answer(asked):
        asked_for.append(query_of(asked))
        return success("scalar", [100.0, "100.0"]) if asked_for[-1] == "time()" else success("matrix", [])

    kubernetes.proxied = answer
    count_requests(prometheus, "reviews", "default", window="5s")
    assert [query.rpartition("[")[2] for query in asked_for[:2]] == ["27500ms]", "27500ms]"]


def test_waiting_for_a_scrape_ends_when_every_target_was_scraped_after_the_start(kubernetes, prometheus):
    scrapes = itertools.chain(
        [{"a": 99, "b": 99}, {"a": 101, "b": 99}], itertools.repeat({"a": 101, "b": 102})
    )

    def answer(asked):
        if query_of(asked) == "time()":
            return success("scalar", [100.0, "100.0"])
        return success(
            "vector", [{"metric": {"pod": pod}, "value": [100, str(at)]} for pod, at in next(scrapes).items()]
        )

    kubernetes.proxied = answer
    pauses: list[float] = []
    assert wait_for_scrape(prometheus, 5.0, pauses.append) == 102
    assert len(pauses) == 2


def test_waiting_for_a_scrape_that_never_comes_names_the_target(kubernetes, prometheus):
    clock = itertools.count(0.0, 1.0)

    def answer(asked):
        if query_of(asked) == "time()":
            return success("scalar", [100.0, "100.0"])
        return success("vector", [{"metric": {"pod": "reviews-v1-a"}, "value": [100, "42"]}])

    kubernetes.proxied = answer
    with pytest.raises(NotReadyError, match="did not scrape reviews-v1-a within 3 s"):
        wait_for_scrape(prometheus, 3.0, lambda seconds: None, clock=lambda: next(clock))


def test_a_pod_that_prometheus_has_not_heard_of_yet_is_waited_for(kubernetes, prometheus):
    """Right after a start the targets come one by one; those that are there say nothing about the others."""
    heard = itertools.chain([["a"], ["a"]], itertools.repeat(["a", "b"]))

    def answer(asked):
        if query_of(asked) == "time()":
            return success("scalar", [100.0, "100.0"])
        return success("vector", [{"metric": {"pod": pod}, "value": [100, "101"]} for pod in next(heard)])

    kubernetes.proxied = answer
    pauses: list[float] = []
    wait_for_scrape(prometheus, 5.0, pauses.append, ["a", "b"])
    assert len(pauses) == 2
    with pytest.raises(NotReadyError, match="did not scrape c within 0 s"):
        wait_for_scrape(prometheus, 0.0, pauses.append, ["a", "c"])


def test_only_the_pods_that_are_meant_are_waited_for(kubernetes, prometheus):
    """Nodes, and pods that ask to be scraped every five minutes, are late by what they are."""
    seen = [({"pod": "a"}, 101), ({"pod": "slow-exporter"}, 7), ({"instance": "server-0"}, 0)]

    def answer(asked):
        if query_of(asked) == "time()":
            return success("scalar", [100.0, "100.0"])
        return success("vector", [{"metric": labels, "value": [100, str(at)]} for labels, at in seen])

    kubernetes.proxied = answer
    assert wait_for_scrape(prometheus, 0.0, lambda seconds: None, ["a"]) == 101
    with pytest.raises(NotReadyError, match="did not scrape slow-exporter within 0 s"):
        wait_for_scrape(prometheus, 0.0, lambda seconds: None, ["a", "slow-exporter"])


def test_where_targets_have_no_pod_nobody_can_tell_which_are_missing(kubernetes, prometheus):
    def answer(asked):
        if query_of(asked) == "time()":
            return success("scalar", [100.0, "100.0"])
        return success("vector", [{"metric": {"instance": "a:1"}, "value": [100, "101"]}])

    kubernetes.proxied = answer
    assert wait_for_scrape(prometheus, 5.0, lambda seconds: None, ["b"]) == 101
