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
    made.scrape_interval = 1.0
    return made


def configured(yaml: str):
    return lambda asked: success("", {"yaml": yaml}) if asked.target.endswith("/status/config") else None


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


@pytest.mark.parametrize(
    ("yaml", "seconds"),
    [
        ("global: {scrape_interval: 15s}", 15),
        ("global: {scrape_interval: 1s}\nscrape_configs: [{scrape_interval: 1m30s}, {job_name: x}]", 90),
        ("scrape_configs: []", 60),
    ],
)
def test_the_rarest_scrape_says_how_long_waiting_for_one_may_take(kubernetes, prometheus, yaml, seconds):
    del prometheus.scrape_interval
    kubernetes.proxied = configured(yaml)
    assert prometheus.scrape_interval == seconds
    assert patience(prometheus) == 2 * seconds


def test_requests_are_counted_from_the_sample_before_the_window_however_rare_scrapes_are(
    kubernetes, prometheus
):
    prometheus.scrape_interval = 15.0
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


def test_where_targets_have_no_pod_nobody_can_tell_which_are_missing(kubernetes, prometheus):
    def answer(asked):
        if query_of(asked) == "time()":
            return success("scalar", [100.0, "100.0"])
        return success("vector", [{"metric": {"instance": "a:1"}, "value": [100, "101"]}])

    kubernetes.proxied = answer
    assert wait_for_scrape(prometheus, 5.0, lambda seconds: None, ["b"]) == 101
