"""The client of Jaeger's query API, against the lab's own store, and what it says when that refuses or is silent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from meshtutor.errors import ApiStatusError, NotReadyError, QueryError
from meshtutor.kube.client import KubeClient
from meshtutor.telemetry.jaeger import Jaeger, through
from meshtutor.telemetry.trace_context import fresh
from meshtutor.telemetry.traces import Traces
from tests.embedded.addons.jaeger_spans import span as stored_span
from tests.embedded.addons.running_store import Running, running_store
from tests.embedded.addons.traced_mesh import get
from tests.support.kubernetes import FakeKubernetes
from tests.support.servers import Answer
from tests.telemetry.some_traces import retried, span, trace

NOW = int(time.time() * 1e6)


@pytest.fixture
def store() -> Iterator[Running]:
    with running_store() as running:
        yield running


def getter(store: Running) -> Any:
    def ask(path: str, parameters: Mapping[str, Any]) -> Any:
        status, body = get(f"{store.url}/jaeger/api{path}?{urlencode(parameters)}")
        if status != 200:
            raise ApiStatusError({"code": status, "message": "refused", "body": body.decode()})
        return json.loads(body)

    return ask


def keep(store: Running, **spans: int) -> None:
    """A trace of productpage and reviews for each name, so many ms long, a second apart, the first the newest."""
    for index, milliseconds in enumerate(spans.values(), 1):
        start = NOW - index * 1_000_000
        store.store.add(
            [
                stored_span(
                    "productpage.default",
                    trace=index,
                    number=1,
                    start=start,
                    duration=milliseconds * 1000,
                    kind="client",
                ),
                stored_span(
                    "reviews.default",
                    trace=index,
                    number=2,
                    parent=1,
                    start=start + 100,
                    duration=milliseconds * 900,
                    http__status_code="503" if milliseconds > 50 else "200",
                ),
            ]
        )


def test_searching_and_choosing(store: Running):
    keep(store, a=10, b=90, c=30)
    jaeger = Jaeger(getter(store), clock=lambda: NOW / 1e6)
    assert jaeger.services() == ["productpage.default", "reviews.default"]
    assert jaeger.operations("reviews.default") == ["reviews.default:9080/*"]
    found = jaeger.search("productpage.default")
    assert [t.milliseconds for t in found] == [10, 90, 30]
    assert (found.slowest.milliseconds, found.fastest.milliseconds) == (90, 10)
    assert [t.milliseconds for t in found.by_duration()] == [90, 30, 10]
    assert [t.milliseconds for t in jaeger.search("reviews.default", tags={"http.status_code": "503"})] == [
        90
    ]
    assert [t.milliseconds for t in jaeger.search("productpage.default", slower_than=20, faster_than=50)] == [
        30
    ]
    assert [t.milliseconds for t in jaeger.search("productpage.default", limit=1)] == [10]
    assert len(jaeger.search("productpage.default", seconds=1.5)) == 1
    assert jaeger.calls() == {("productpage.default", "reviews.default"): 3}


def test_nothing_found_says_why_that_may_be(store: Running):
    found = Jaeger(getter(store)).search("nobody.default", tags={"x": "y"})
    assert len(found) == 0
    assert 'traces of nobody.default tags={"x": "y"}: no traces (yet)' in repr(found)
    assert "Telemetry" in found._repr_html_()
    with pytest.raises(QueryError, match="There are no traces: traces of nobody"):
        _ = found.slowest


def test_a_trace_that_is_not_there(store: Running):
    with pytest.raises(QueryError, match="trace not found"):
        Jaeger(getter(store)).trace("77")


def test_waiting_until_all_proxies_have_reported(store: Running):
    jaeger = Jaeger(getter(store))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        store.store.add([stored_span(trace=9, number=len(pauses))])

    found = jaeger.wait("9", complete=lambda t: len(t.spans) == 3, pause=pause)
    assert (len(found.spans), len(pauses)) == (3, 3)


def test_waiting_for_a_trace_until_its_request_has_been_over_for_long_enough(store: Running):
    store.store.add([stored_span(trace=9, start=NOW, duration=500_000)])
    seconds = [NOW / 1e6]

    def pause(_: float) -> None:
        seconds[0] += 0.25

    Jaeger(getter(store), clock=lambda: seconds[0]).wait("9", settle=60, pause=pause)
    assert 60.5 <= seconds[0] - NOW / 1e6 < 61


def test_waiting_for_a_trace_that_stops_growing_as_long_as_the_span_that_began_it_is_not_there(
    store: Running,
):
    store.store.add([stored_span(trace=9, parent=1, number=2)])
    began = time.monotonic()
    assert len(Jaeger(getter(store)).wait("9", timeout=5).spans) == 1
    assert 1.0 <= time.monotonic() - began < 4.0


def test_waiting_in_vain_names_the_likely_reason(store: Running):
    with pytest.raises(
        NotReadyError, match=r"Trace 9 is not complete after 0.2 s \(0 spans came\)"
    ) as caught:
        Jaeger(getter(store)).wait("9", timeout=0.2)
    assert "randomSamplingPercentage" in caught.value.hint


def test_waiting_looks_back_as_far_as_when_it_began():
    now, asked = [1000.0], []

    def ask(path: str, parameters: Mapping[str, Any]) -> Any:
        now[0] += 1
        asked.append((parameters["start"], parameters["end"]))
        return {"data": []}

    with pytest.raises(NotReadyError):
        Jaeger(ask, clock=lambda: now[0]).wait_for("productpage.default", timeout=0.25, seconds=5)
    assert len(asked) > 1
    assert asked == [(995_000_000, 1_000_000_000 + i * 1_000_000) for i in range(len(asked))]


def test_through_the_api_server_s_service_proxy(store: Running, tmp_path: Any):
    keep(store, a=10)
    cluster = FakeKubernetes()
    prefix = "/api/v1/namespaces/istio-system/services/tracing:80/proxy"

    def proxied(asked: Any) -> Answer:
        assert asked.target.startswith(prefix + "/jaeger/api/")
        status, body = get(store.url + asked.target.removeprefix(prefix))
        return Answer(status, body, {"Content-Type": "text/plain"})

    cluster.proxied = proxied
    try:
        kube = KubeClient.from_kubeconfig(cluster.kubeconfig(tmp_path))
        jaeger = Jaeger(through(kube), clock=lambda: NOW / 1e6)
        assert len(jaeger.search("reviews.default")) == 1
        with pytest.raises(QueryError, match="Jaeger refused: parameter 'service' is required"):
            jaeger.search("")
        with pytest.raises(NotReadyError):
            jaeger.wait("77", timeout=0.2)
        cluster.proxied = lambda asked: None
        with pytest.raises(QueryError, match="Jaeger does not answer") as caught:
            jaeger.services()
        assert "meshtutor status" in caught.value.hint
    finally:
        cluster.server.close()


def test_choosing_by_what_is_in_a_trace():
    plain = trace(span("a", service="details.default", istio__canonical_revision="v1"), id="plain")
    found = Traces("all", (retried(), plain))
    assert (
        [t.id for t in found.failed()]
        == [t.id for t in found.retried()]
        == [t.id for t in found.faulted()]
        == ["abc"]
    )
    assert [t.id for t in found.slower_than(20)] == ["abc"]
    assert (
        [t.id for t in found.through("details")]
        == [t.id for t in found.through("details.default", "v1")]
        == ["plain"]
    )
    assert len(found.through("details", "v2")) == 0
    assert found.failed().slower_than(5).asked == "all, with an error, slower than 5 ms"
    assert found[1] is plain


def test_a_list_of_traces_as_text_and_html():
    found = Traces("traces of productpage", (retried(), *(trace(span("a"), id=str(i)) for i in range(25))))
    assert "traces of productpage: 26 traces" in repr(found)
    assert "503 UC retry 1 delayed by a rule" in repr(found)
    assert "... and 6 more" in repr(found)
    assert "and 6 more" in found._repr_html_()


def test_a_fresh_context_is_new_each_time_and_well_formed():
    one, other = fresh(), fresh()
    assert one.trace_id != other.trace_id
    version, trace_id, span_id, flags = one.headers["traceparent"].split("-")
    assert (version, trace_id, len(span_id), flags) == ("00", one.trace_id, 16, "01")
