"""A trace read from Jaeger's JSON: its tree, what its spans say, retries and faults, and how it is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.display.colors import color_of
from meshtutor.telemetry.trace import Trace
from tests.telemetry.some_traces import retried, span, trace


def jaeger_span(number: int, parent: int = 0, start: int = 0, **tags: Any) -> dict[str, Any]:
    references = [{"refType": "CHILD_OF", "traceID": "t", "spanID": f"{parent:016x}"}] if parent else []
    return {
        "traceID": "t",
        "spanID": f"{number:016x}",
        "operationName": "op",
        "references": references,
        "startTime": 1_700_000_000_000_000 + start,
        "duration": 1500,
        "processID": "p1",
        "warnings": None,
        "logs": [
            {
                "timestamp": 1_700_000_000_000_500,
                "fields": [{"key": "event", "type": "string", "value": "cr"}],
            }
        ],
        "tags": [
            {"key": key.replace("__", "."), "type": "string", "value": value} for key, value in tags.items()
        ],
    }


def read(*spans: dict[str, Any]) -> Trace:
    return Trace.read(
        {"traceID": "t", "spans": list(spans), "processes": {"p1": {"serviceName": "a.default", "tags": []}}}
    )


def test_times_are_in_milliseconds_from_the_trace_s_start():
    found = read(jaeger_span(2, 1, start=250), jaeger_span(1))
    assert found.start == 1_700_000_000.0
    assert [(s.id[-1], s.offset, s.milliseconds, s.end) for s in found.spans] == [
        ("1", 0, 1.5, 1.5),
        ("2", 0.25, 1.5, 1.75),
    ]
    assert found.milliseconds == 1.75
    assert found.spans[0].events == ((0.5, "cr"),)


def test_what_envoy_s_tags_mean():
    found = read(
        jaeger_span(
            1,
            http__status_code="503",
            response_flags="UF,URX",
            http__url="http://r:9080/reviews/0?q=1",
            http__method="GET",
            span__kind="client",
            istio__canonical_revision="v2",
            zone="",
            upstream_cluster="x",
            upstream_cluster__name="outbound|9080|v2|r.default.svc.cluster.local",
            node_id="sidecar~127.1.16.7~productpage-v1-abc.default~default.svc.cluster.local",
            guid="",
            **{"guid:x-request-id": "42"},
        )
    ).root
    assert (found.status, found.flags, found.is_error, found.kind) == (503, ("UF", "URX"), True, "client")
    assert (found.request, found.pod, found.version, found.name) == (
        "GET /reviews/0",
        "productpage-v1-abc",
        "v2",
        "a",
    )
    assert (found.upstream, found.request_id) == ("outbound|9080|v2|r.default.svc.cluster.local", "42")


def test_what_a_gateway_sends_on_is_named_after_where_it_goes():
    cluster = "outbound|9080|v1|reviews.default.svc.cluster.local"
    sent = jaeger_span(1, upstream_cluster__name=cluster)
    sent["operationName"] = f"router {cluster} egress"
    assert read(sent).root.request == "to reviews:9080"


def test_a_span_that_is_no_proxy_s_says_little_and_breaks_nothing():
    found = read(
        jaeger_span(
            1, istio__canonical_revision="latest", http__status_code="?", node_id="me", response_flags="-"
        )
    ).root
    assert (found.status, found.flags, found.is_error, found.kind, found.request) == (0, (), False, "", "op")
    assert (found.pod, found.version, found.upstream, found.fault) == ("", "", "", "")


@pytest.mark.parametrize(
    "tags", [{"error": "true"}, {"error": True}, {"otel__status_code": "ERROR"}, {"http__status_code": "500"}]
)
def test_a_failed_span(tags: dict[str, Any]):
    assert read(jaeger_span(1, **tags)).errors


def test_a_client_s_error_is_no_failure_of_the_mesh():
    assert not read(jaeger_span(1, http__status_code="404")).errors
    assert read(jaeger_span(1, http__status_code="404")).marks(
        read(jaeger_span(1, http__status_code="404")).root
    ) == ("404",)


def test_a_reference_that_only_follows_places_the_span_but_is_not_waited_for():
    child = jaeger_span(2, 1, start=100)
    child["references"][0]["refType"] = "FOLLOWS_FROM"
    found = read(jaeger_span(1), child)
    assert found.children(found.root)[0].follows
    assert {segment.span.id for segment in found.critical_path} == {found.root.id}


def test_references_into_other_traces_are_no_parents():
    child = jaeger_span(2, 1)
    child["references"][0]["traceID"] = "other"
    assert len(read(jaeger_span(1), child).roots) == 2


def test_the_tree_in_the_order_of_a_waterfall():
    found = retried()
    assert [(depth, s.id) for depth, s in found.walk()] == [
        (0, "p"),
        (1, "c"),
        (2, "r1"),
        (2, "r2"),
        (3, "d"),
        (4, "x"),
    ]
    assert found.parent(found.root) is None
    assert found.services == ("productpage.default", "reviews.default", "ratings.default")


def test_spans_whose_parents_are_missing_are_roots():
    found = trace(span("a"), span("b", "gone", 2, 3), span("c", "b", 2, 3))
    assert [root.id for root in found.roots] == ["a", "b"]
    assert [(depth, s.id) for depth, s in found.walk()] == [(0, "a"), (0, "b"), (1, "c")]


def test_spans_that_are_each_other_s_parents_still_make_a_tree():
    found = trace(span("a", "b", 0, 5), span("b", "a", 1, 4), span("self", "self", 2, 3))
    assert [(depth, s.id) for depth, s in found.walk()] == [(0, "a"), (1, "b"), (0, "self")]
    assert [segment.span.id for segment in found.critical_path] == ["a", "b", "a"]
    assert found.parent(found.root) is None


def test_a_chain_of_ten_thousand_spans_is_no_problem():
    spans = [span(str(i), str(i - 1) if i else "", i * 0.001, 100 - i * 0.001) for i in range(10_000)]
    found = trace(*spans)
    assert max(depth for depth, _ in found.walk()) == 9_999
    assert sum(found.waited_for().values()) == pytest.approx(100)


def test_retries_and_faults_are_named():
    found = retried()
    assert [s.id for s in found.retries] == ["r2"]
    assert [s.id for s in found.faults] == ["d"]
    assert {s.id: found.marks(s) for s in found.spans if found.marks(s)} == {
        "r1": ("503", "UC"),
        "r2": ("retry 1",),
        "d": ("delayed by a rule",),
    }


def test_an_attempt_that_the_client_gave_up_is_followed_by_a_retry():
    """A per-try timeout: the server notices only after the retry has begun."""
    found = trace(
        span("c", kind="client", end=50), span("1", "c", 1, 25, response_flags="DC"), span("2", "c", 21, 30)
    )
    assert [s.id for s in found.retries] == ["2"]


def test_a_mirrored_request_is_no_retry():
    found = trace(
        span("c", kind="client", end=50),
        span("1", "c", 1, 25),
        span("mirror", "c", 1.2, 30, "shadow.default"),
    )
    assert found.retries == ()


def test_calls_of_an_app_one_after_another_are_no_retries():
    found = trace(span("a"), span("1", "a", 1, 2, kind="client"), span("2", "a", 3, 4, kind="client"))
    assert found.retries == ()


def test_the_waterfall_in_text():
    lines = repr(retried()).splitlines()
    assert lines[0] == "trace abc: 92.0 ms, 6 spans, 3 services, 1 error, 1 retry, 1 fault"
    retry = next(line for line in lines if "retry 1" in line)
    assert "reviews" in retry
    assert "━" in retry
    assert lines[-1] == "  critical path (━): reviews 59.5 ms, productpage 26.0 ms, ratings 6.50 ms"


def test_the_waterfall_in_html_places_bars_and_escapes_what_it_shows():
    evil = trace(span("a", end=10, service="<b>.default", path="/<script>"), span("b", "a", 5, 10))
    drawn = evil._repr_html_()
    assert "<script>" not in drawn
    assert "<b>.default" not in drawn
    assert "left:50.00%;width:50.00%" in drawn


def test_a_waterfall_of_many_spans_says_what_it_leaves_out():
    found = trace(span("a"), *(span(f"s{i}", "a") for i in range(150)))
    assert "51 more spans" in repr(found)
    assert "51 more spans" in found._repr_html_()


def test_a_trace_without_duration_can_be_drawn():
    instant = trace(span("a", end=0))
    assert "0.00 ms" in repr(instant)
    assert instant._repr_html_()


def test_a_service_has_its_colour_in_each_trace_whoever_else_is_in_it():
    alone, among = trace(span("a")), retried()
    for drawn in (alone._repr_html_(), among._repr_html_()):
        assert f'<span style="color:{color_of("reviews")}">●</span> reviews' in drawn
