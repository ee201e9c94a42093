"""Reports with something wrong in them: what is sound is taken, the rest is named, and nothing half-made stays."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshtutor.embedded.addons.jaeger.otlp_grpc import SERVICE
from meshtutor.embedded.addons.jaeger.otlp_messages import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
    KeyValue,
)
from meshtutor.embedded.addons.jaeger.store import Store
from tests.embedded.addons.jaeger_spans import attribute, span
from tests.embedded.addons.running_store import HOST, Running, running_store
from tests.embedded.addons.test_jaeger_receivers import PROTOBUF, TRACE, otlp, post, request_of, zipkin
from tests.embedded.addons.traced_mesh import get

JSON = "application/json"
GOOD = {"span_id": b"\7" * 8, "name": "good"}
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DEEP = b"[" * 200_000


@pytest.fixture
def store() -> Iterator[Running]:
    with running_store() as running:
        yield running


def zipkin_span(**fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "id": "0a", "timestamp": 1000, "duration": 5, **fields}


def nothing_half_made(store: Store) -> None:
    """No trace without spans, and everything that is kept can be asked for."""
    assert all(trace.records for trace in store.traces.values())
    assert sum(len(trace.records) for trace in store.traces.values()) == store.span_count
    for trace_id in store.traces:
        assert 0 < trace_id < 2**128
        assert store.spans(trace_id)


def emptied(store: Store) -> None:
    """When the last trace has gone, so has every word."""
    store.max_spans = 0
    store.add([span()])
    records = store.records
    words = records.tags, records.operations, records.processes, records.rests
    assert (store.traces, [len(one) for one in words], store.size) == ({}, [0, 0, 0, 0], 0)


@pytest.mark.parametrize(
    "bad",
    [
        {"span_id": b"\1" * 16},
        {"span_id": b"\1" * 4},
        {"trace_id": b"\1" * 20},
        {"trace_id": b"\1" * 8},
        {"parent_span_id": b"\1" * 16},
        {"links": [{"trace_id": b"\1" * 20, "span_id": b"\1" * 8}]},
    ],
)
def test_a_span_whose_ids_have_another_length_is_rejected_and_the_others_are_taken(store: Running, bad):
    body = request_of(GOOD, bad, {**GOOD, "name": "after"}).SerializeToString()
    status, answer, _ = post(otlp(store), body, PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer).partial_success
    assert (status, told.rejected_spans) == (200, 1)
    assert "16 bytes" in told.error_message
    kept = [one.operation for trace in store.store.traces for one in store.store.spans(trace)]
    assert kept == ["good", "after"]
    emptied(store.store)


def test_a_span_without_a_parent_or_with_links_is_sound(store: Running):
    link = {"trace_id": b"\2" * 16, "span_id": b"\3" * 8}
    body = request_of({"parent_span_id": b""}, {**GOOD, "links": [link, {}]}).SerializeToString()
    assert post(otlp(store), body, PROTOBUF)[:2] == (200, b"")
    assert store.store.span_count == 2


def test_an_attribute_that_is_no_attribute_spoils_the_report_and_is_named(store: Running):
    request = request_of(GOOD, {})
    request.resource_spans[0].scope_spans[0].spans[1].attributes.append(b"\xff")
    status, answer, _ = post(otlp(store), request.SerializeToString(), PROTOBUF)
    assert status == 400
    assert b"attribute" in answer
    assert store.store.span_count == 0
    with grpc.insecure_channel(f"{HOST}:{store.ports.otlp_grpc}") as channel:
        export = channel.unary_unary(
            f"/{SERVICE}/Export", request_serializer=ExportTraceServiceRequest.SerializeToString
        )
        with pytest.raises(grpc.RpcError) as refused:
            export(request, timeout=10)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("field", ["attributes", "parentSpanId", "events", "links", "status", "kind"])
def test_null_in_json_is_the_default(store: Running, field: str):
    one = {"traceId": TRACE, "spanId": "eee19b7ec3c1b174", "name": "op", field: None}
    report = {"resourceSpans": [{"resource": {"attributes": None}, "scopeSpans": [{"spans": [one]}]}]}
    assert post(otlp(store), json.dumps(report).encode(), JSON)[:2] == (200, b"{}")
    assert store.store.span_count == 1


def test_an_id_of_null_in_json_is_no_id(store: Running):
    report = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, "spanId": None}]}]}]}
    status, answer, _ = post(otlp(store), json.dumps(report).encode(), JSON)
    assert (status, json.loads(answer)["partialSuccess"]["rejectedSpans"]) == (200, "1")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"id": "1" * 17}, "id is"),
        ({"id": "0"}, "id is"),
        ({"id": "-5"}, "id is"),
        ({"id": "0x5"}, "id is"),
        ({"traceId": "1" * 33}, "traceId is"),
        ({"parentId": "1" * 17}, "parentId is"),
        ({"timestamp": 2**63}, "timestamp is"),
        ({"timestamp": float("inf")}, "timestamp is"),
        ({"timestamp": -1}, "timestamp is"),
        ({"duration": 2**70}, "duration is"),
        ({"annotations": [{"timestamp": None, "value": "x"}]}, "timestamp is"),
    ],
)
def test_one_bad_zipkin_span_is_named_and_nothing_is_stored(store: Running, bad: dict[str, Any], said: str):
    body = json.dumps([zipkin_span(), zipkin_span(**bad)]).encode()
    status, answer, _ = post(zipkin(store), body, JSON)
    assert (status, store.store.span_count) == (400, 0)
    assert answer.decode().startswith("span 1: ")
    assert said in answer.decode()
    assert "expected" in answer.decode()


@pytest.mark.parametrize(
    "odd",
    [
        {"parentId": "0000000000000000"},
        {"localEndpoint": {"ipv4": ["127.0.0.1"], "serviceName": {}}},
        {"tags": {"a": [1], "b": None}},
        {"name": "\ud800"},
    ],
)
def test_an_odd_zipkin_span_is_taken_and_can_be_asked_for(store: Running, odd: dict[str, Any]):
    assert post(zipkin(store), json.dumps([zipkin_span(**odd)]).encode(), JSON)[0] == 202
    assert len(store.ask(f"traces/{TRACE}")[0]["spans"]) == 1


def test_what_is_nested_too_deeply_is_the_client_s_fault(store: Running):
    for url in (otlp(store), zipkin(store)):
        status, answer, _ = post(url, DEEP, JSON)
        assert status == 400
        assert b"deep" in answer


def test_a_number_that_json_does_not_have_is_text_in_the_answer(store: Running):
    found = KeyValue(key="ratio")
    found.value.double_value = float("nan")
    request = request_of({})
    request.resource_spans[0].scope_spans[0].spans[0].attributes.append(found.SerializeToString())
    post(otlp(store), request.SerializeToString(), PROTOBUF)
    (tag,) = (t for t in store.ask(f"traces/{TRACE}")[0]["spans"][0]["tags"] if t["key"] == "ratio")
    assert tag["value"] == "nan"


def test_a_span_that_cannot_be_packed_leaves_nothing_behind():
    store = Store()
    with pytest.raises(struct.error):
        store.add([span(number=2**70, note="x")._replace(trace_id=9)])
    nothing_half_made(store)
    emptied(store)


# --- whatever comes

IDS = st.one_of(st.binary(max_size=24), st.just(b"\1" * 8), st.just(b"\1" * 16))
TIMES = st.integers(0, 2**64 - 1)
SOUND = st.text(max_size=5).map(lambda text: attribute("k", text.encode(errors="ignore").decode()))
SPANS = st.lists(
    st.fixed_dictionaries(
        {"trace_id": IDS, "span_id": IDS, "parent_span_id": IDS, "kind": st.integers(-9, 9)},
        optional={
            "start_time_unix_nano": TIMES,
            "end_time_unix_nano": TIMES,
            "attributes": st.lists(st.one_of(SOUND, st.binary(max_size=6)), max_size=3),
            "links": st.lists(st.fixed_dictionaries({"trace_id": IDS, "span_id": IDS}), max_size=2),
            "events": st.lists(st.fixed_dictionaries({"time_unix_nano": TIMES}), max_size=2),
        },
    ),
    max_size=4,
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.just("0a")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def objects_of(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), ANYTHING, max_size=len(names))


def mostly(sound: dict[str, Any], odd: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    """A sound object in which some fields are anything."""
    return odd.map(lambda found: {**sound, **found})


ZIPKIN = mostly(
    zipkin_span(tags={"a": "b"}),
    objects_of("traceId", "id", "parentId", "timestamp", "duration", "tags", "annotations", "shared",
               "localEndpoint", "remoteEndpoint", "kind", "name"),
)  # fmt: skip
OTLP_JSON = mostly(
    {"traceId": TRACE, "spanId": "0a" * 8, "attributes": [{"key": "a", "value": {"stringValue": "b"}}]},
    objects_of("traceId", "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano", "attributes", "events",
               "links", "status", "kind", "name"),
)  # fmt: skip


@pytest.fixture(scope="module")
def long_lived() -> Iterator[Running]:
    """One store for all examples, small, so that old traces go all the time."""
    with running_store(Store(max_spans=40)) as running:
        yield running
        emptied(running.store)


def taken(store: Running, url: str, body: bytes, content_type: str) -> None:
    """A report is accepted or refused, and the store is whole and answers."""
    status, _, _ = post(url, body, content_type)
    assert status in (200, 202, 400)
    nothing_half_made(store.store)
    for trace_id in store.store.traces:
        assert get(f"{store.url}/api/traces/{trace_id:032x}")[0] == 200


@FUZZ
@given(spans=SPANS)
def test_protobuf_of_any_ids(long_lived: Running, spans: list[dict[str, Any]]):
    taken(long_lived, otlp(long_lived), request_of(*spans).SerializeToString(), PROTOBUF)


@FUZZ
@given(body=st.binary(max_size=60), base=st.booleans())
def test_any_bytes(long_lived: Running, body: bytes, base: bool):
    whole = request_of(GOOD).SerializeToString() if base else b""
    taken(long_lived, otlp(long_lived), whole + body, PROTOBUF)
    taken(long_lived, otlp(long_lived), body, JSON)
    taken(long_lived, zipkin(long_lived), base64.b64encode(body) if base else body, JSON)


@FUZZ
@given(spans=st.lists(OTLP_JSON, max_size=3))
def test_otlp_json_of_anything(long_lived: Running, spans: list[Any]):
    report = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    taken(long_lived, otlp(long_lived), json.dumps(report).encode(), JSON)


@FUZZ
@given(spans=st.lists(ZIPKIN | ANYTHING, max_size=3))
def test_zipkin_of_anything(long_lived: Running, spans: list[Any]):
    taken(long_lived, zipkin(long_lived), json.dumps(spans).encode(), JSON)
