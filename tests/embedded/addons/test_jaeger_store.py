"""What goes into the store comes out as it was, and the store never grows beyond its bounds."""

from __future__ import annotations

import pytest

from meshtutor.embedded.addons.jaeger.dependencies import dependencies
from meshtutor.embedded.addons.jaeger.model import Log, Reference, Tag, ordered, tag
from meshtutor.embedded.addons.jaeger.search import Query, search
from meshtutor.embedded.addons.jaeger.store import Store
from meshtutor.embedded.addons.jaeger.vocabulary import Vocabulary
from tests.embedded.addons.jaeger_spans import span, traffic

FOREVER = 2**60


def filled(traces: int, **bounds: int) -> Store:
    store = Store(**bounds)
    for spans in traffic(traces):
        store.add(spans)
    return store


def test_a_span_comes_out_as_it_went_in():
    store = Store()
    whole = span(parent=7, http__status_code="503", retries=2, error=True, share=0.5)._replace(
        trace_id=2**127 + 5,
        span_id=2**64 - 1,
        references=(Reference("FOLLOWS_FROM", 9, 10),),
        logs=(Log(5, (tag("event", "retry"), tag("raw", b"\x00\xff"))),),
    )
    store.add([whole])
    assert store.spans(whole.trace_id) == [whole]
    assert {t.key: t.type for t in store.spans(whole.trace_id)[0].tags}["error"] == "bool"


def test_true_one_and_one_point_zero_are_three_values():
    store = Store()
    store.add([span(number=1, x=True), span(number=2, x=1), span(number=3, x=1.0), span(number=4, x="1")])
    values = [next(t for t in s.tags if t.key == "x") for s in store.spans(1)]
    assert [(t.type, t.value) for t in values] == [
        ("bool", True),
        ("int64", 1),
        ("float64", 1.0),
        ("string", "1"),
    ]


def test_a_span_that_is_reported_twice_is_there_once():
    store = Store()
    store.add([span(), span()])
    assert len(store.spans(1)) == 1


def test_the_oldest_traces_make_room_and_leave_nothing_behind():
    store = filled(300, max_spans=800)
    assert (store.span_count, len(store.traces), store.received) == (800, 100, 2400)
    kept = {s.trace_id for spans in list(traffic(300))[-100:] for s in spans}
    assert set(store.traces) == kept
    words = {t for trace in store.traces for s in store.spans(trace) for t in s.tags}
    assert len(store.records.tags) == len(words)


def test_dropping_everything_gives_every_byte_back():
    store = filled(50)
    assert store.size > 50_000
    store.max_spans = 0
    store.add([span()])
    assert (store.span_count, store.size, len(store.records.tags), store.services()) == (0, 0, 0, [])


def test_the_bound_in_bytes_holds_for_tags_that_are_never_repeated():
    store = Store(max_bytes=200_000)
    for number in range(2000):
        store.add([span(trace=number + 1, note=f"{number}" * 50)])
        assert store.size <= 200_000
    assert 0 < store.span_count < 2000


def test_a_trace_greater_than_the_store_does_not_break_it():
    store = Store(max_spans=10)
    store.add(span(number=number) for number in range(1, 25))
    assert store.span_count <= 10
    store.add([span(trace=2)])
    assert store.spans(2)


def test_services_and_operations_are_those_of_spans_that_are_kept():
    store = Store(max_spans=2)
    store.add(
        [
            span("a.default", trace=1),
            span("b.default", trace=2, operation="GET", kind="client"),
            span("b.default", trace=3),
        ]
    )
    assert store.services() == ["b.default"]
    assert store.operations("b.default") == [("GET", "client"), ("b.default:9080/*", "server")]
    assert store.operations("b.default", "client") == [("GET", "client")]
    assert store.operations("a.default") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query("reviews.default"), [3, 2, 1]),
        (Query("reviews.default", limit=2), [3, 2]),
        (Query("ratings.default"), [3]),
        (Query("nobody"), []),
        (Query("reviews.default", operation="other"), [2]),
        (Query("ratings.default", operation="other"), []),
        (Query("reviews.default", start=1500, end=2500), [2]),
        (Query("reviews.default", start=1000, end=1000), [1]),
        (Query("reviews.default", min_duration=20), [3, 2]),
        (Query("reviews.default", min_duration=20, max_duration=20), [2]),
        (Query("reviews.default", tags={"http.status_code": "503"}), [2]),
        (Query("reviews.default", tags={"http.status_code": "503", "retries": "1"}), []),
        (Query("reviews.default", tags={"retries": "1"}), [3]),
        (Query("reviews.default", tags={"error": "true"}), [2]),
        (Query("reviews.default", tags={"telemetry.sdk.name": "envoy"}), [3, 2, 1]),
        (Query("reviews.default", tags={"event": "ejected"}), [1]),
        (Query("ratings.default", tags={"http.status_code": "200"}), []),
        (Query("reviews.default", tags={"absent": "x"}), []),
    ],
)
def test_a_trace_is_found_when_one_of_its_spans_fits_everything(query: Query, found: list[int]):
    store = Store()
    store.add(
        [
            span(trace=1, start=1000, duration=10, http__status_code="200")._replace(
                logs=(Log(1, (tag("event", "ejected"),)),)
            ),
            span(trace=2, start=2000, duration=20, operation="other", http__status_code="503", error=True),
            span(trace=3, number=1, start=3000, duration=30, http__status_code="200", retries=1),
            span("ratings.default", trace=3, number=2, start=3001, duration=5, http__status_code="500"),
        ]
    )
    assert search(store, query) == found


def test_search_agrees_with_looking_at_every_span():
    store = filled(400)
    traces = list(traffic(400))
    for wanted in (
        {"http.status_code": "503"},
        {"http.status_code": "503", "response_flags": "UF"},
        {"response_size": "77"},
    ):
        expected = [
            spans[0].trace_id
            for spans in reversed(traces)
            if any(
                s.process.service == "ratings.default"
                and wanted.items() <= {t.key: t.value for t in s.tags}.items()
                for s in spans
            )
        ]
        assert search(store, Query("ratings.default", tags=wanted, limit=0)) == expected


def test_dependencies_count_calls_between_services_in_the_window():
    store = filled(10)
    gateway, productpage, details, reviews, ratings = (
        "istio-ingressgateway.istio-system",
        "productpage.default",
        "details.default",
        "reviews.default",
        "ratings.default",
    )
    links = {
        (gateway, productpage): 10,
        (productpage, details): 10,
        (productpage, reviews): 10,
        (reviews, ratings): 10,
    }
    assert dependencies(store, 0, FOREVER) == links
    assert dependencies(store, 0, 1) == {}


def test_calls_of_spans_that_come_late_are_counted_too():
    store = Store()
    store.add([span("a.default", number=1, kind="client")])
    assert dependencies(store, 0, FOREVER) == {}
    store.add(
        [
            span("b.default", number=2, parent=1),
            span("b.default", number=3, parent=2),
            span("b.default", number=4, parent=99),
        ]
    )
    assert dependencies(store, 0, FOREVER) == {("a.default", "b.default"): 1}


def test_numbers_of_forgotten_words_are_given_again():
    words: Vocabulary[Tag] = Vocabulary()
    first = words.use(tag("a", "1"))
    assert words.use(tag("a", "1")) == first
    words.release(first)
    assert words.find(tag("a", "1")) == first
    words.release(first)
    assert (words.find(tag("a", "1")), len(words), words.size) == (0, 0, 0)
    assert words.use(tag("b", "2")) == first
    with pytest.raises(KeyError):
        Vocabulary()[0]


def test_tags_are_shown_by_key():
    assert [t.key for t in ordered([tag("b", 1), tag("a", 1)])] == ["a", "b"]
