"""Reports over HTTP and gRPC: what is taken, and what is said to reports that cannot be read."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from meshtutor.embedded.addons.jaeger.otlp_grpc import SERVICE
from meshtutor.embedded.addons.jaeger.otlp_messages import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
    RpcStatus,
)
from tests.embedded.addons.jaeger_spans import attribute
from tests.embedded.addons.running_store import HOST, Running, running_store
from tests.embedded.addons.traced_mesh import get

PROTOBUF = "application/x-protobuf"
TRACE = "5b8efff798038103d269b633813fc60c"


@pytest.fixture
def store() -> Iterator[Running]:
    with running_store() as running:
        yield running


def post(url: str, body: bytes, content_type: str, **headers: str) -> tuple[int, bytes, str]:
    request = urllib.request.Request(url, body, {"Content-Type": content_type, **headers})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers["Content-Type"]


def otlp(store: Running) -> str:
    return f"http://{HOST}:{store.ports.otlp_http}/v1/traces"


def zipkin(store: Running) -> str:
    return f"http://{HOST}:{store.ports.zipkin}/api/v2/spans"


def request_of(*spans: dict[str, Any]) -> Any:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.append(attribute("service.name", "reviews.default"))
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "envoy", "1.40"
    for span in spans:
        scope.spans.add(**{"trace_id": bytes.fromhex(TRACE), "span_id": b"\1" * 8, "name": "op", **span})
    return request


def only_span(store: Running) -> dict[str, Any]:
    (trace,) = store.ask(f"traces/{TRACE}")
    (span,) = trace["spans"]
    return {
        **span,
        "tags": {tag["key"]: tag["value"] for tag in span["tags"]},
        "process": trace["processes"]["p1"],
    }


def test_protobuf_over_http(store: Running):
    span = {
        "kind": 2,
        "start_time_unix_nano": 1_500_000_999,
        "end_time_unix_nano": 1_503_500_000,
        "parent_span_id": b"\2" * 8,
    }
    status, body, content_type = post(otlp(store), request_of(span).SerializeToString(), PROTOBUF)
    assert (status, body, content_type) == (200, b"", PROTOBUF)
    found = only_span(store)
    assert (found["startTime"], found["duration"]) == (1_500_000, 3_499)
    assert found["references"] == [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "02" * 8}]
    assert found["tags"] == {"span.kind": "server", "otel.scope.name": "envoy", "otel.scope.version": "1.40"}
    assert found["process"] == {"serviceName": "reviews.default", "tags": []}


def test_json_over_http_with_hexadecimal_ids(store: Running):
    attributes = [
        {"key": "text", "value": {"stringValue": "x"}},
        {"key": "number", "value": {"intValue": "7"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"boolValue": True}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"doubleValue": 0.5}}]}}},
        {"key": "nothing", "value": {}},
    ]
    span = {
        "traceId": TRACE,
        "spanId": "eee19b7ec3c1b174",
        "name": "op",
        "kind": 3,
        "startTimeUnixNano": "1000",
        "endTimeUnixNano": "3000",
        "attributes": attributes,
        "unknownField": 1,
        "traceState": "a=b",
        "status": {"code": 2, "message": "no luck"},
        "events": [{"timeUnixNano": "2000", "name": "retry", "attributes": attributes[:1]}],
        "links": [{"traceId": "00" * 15 + "09", "spanId": "00" * 7 + "08"}],
    }
    report = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": [span]}]}]}
    assert post(otlp(store), json.dumps(report).encode(), "application/json")[:2] == (200, b"{}")
    found = only_span(store)
    assert found["tags"] == {
        "text": "x",
        "number": 7,
        "list": "[1,true]",
        "map": '{"k":0.5}',
        "nothing": "",
        "span.kind": "client",
        "error": True,
        "otel.status_code": "ERROR",
        "otel.status_description": "no luck",
        "w3c.tracestate": "a=b",
    }
    assert found["references"] == [
        {"refType": "FOLLOWS_FROM", "traceID": "0000000000000009", "spanID": "0000000000000008"}
    ]
    assert [field["key"] for field in found["logs"][0]["fields"]] == ["event", "text"]
    assert found["process"]["serviceName"] == "OTLPResourceNoServiceName"


def test_a_failed_span_has_one_error_tag(store: Running):
    request = request_of({"status": {"code": 2}})
    request.resource_spans[0].scope_spans[0].spans[0].attributes.append(attribute("error", "true"))
    post(otlp(store), request.SerializeToString(), PROTOBUF)
    assert only_span(store)["tags"]["error"] == "true"


def test_a_compressed_body(store: Running):
    body = gzip.compress(request_of({}).SerializeToString())
    assert post(otlp(store), body, PROTOBUF, **{"Content-Encoding": "gzip"})[0] == 200
    assert store.store.span_count == 1


def test_spans_without_ids_are_counted_in_the_answer(store: Running):
    body = request_of({}, {"trace_id": b""}, {"span_id": bytes(8)}).SerializeToString()
    answer = ExportTraceServiceResponse.FromString(post(otlp(store), body, PROTOBUF)[1])
    assert answer.partial_success.rejected_spans == 2
    assert store.store.span_count == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"resourceSpans": 7}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":7}]}]}]}',
        b'{"resourceSpans":[{"resource":{"attributes":5}}]}',
        b'{"resourceSpans":[{"resource":{"attributes":["x"]}}]}',
        b"[]",
    ],
)
def test_json_that_cannot_be_read_is_the_client_s_fault(store: Running, body: bytes):
    status, answer, content_type = post(otlp(store), body, "application/json")
    assert status == 400
    assert content_type.startswith("application/json")
    assert json.loads(answer)["code"] == 3
    assert json.loads(answer)["message"]


def test_protobuf_that_cannot_be_read_is_the_client_s_fault(store: Running):
    status, answer, content_type = post(otlp(store), b"\xff\xff\xff", PROTOBUF)
    assert (status, content_type) == (400, PROTOBUF)
    assert RpcStatus.FromString(answer).code == 3


def test_other_content_types_are_refused_by_name(store: Running):
    status, answer, _ = post(otlp(store), b"", "text/plain")
    assert status == 415
    assert b"text/plain" in answer
    assert post(zipkin(store), b"[]", "application/x-thrift")[0] == 415


def test_zipkin(store: Running):
    spans = [
        {
            "traceId": TRACE,
            "id": "0a",
            "kind": "CLIENT",
            "name": "op",
            "timestamp": 1000,
            "duration": 50,
            "localEndpoint": {"serviceName": "front.default", "ipv4": "127.0.0.1"},
            "tags": {"http.status_code": "200"},
            "annotations": [{"timestamp": 1050, "value": "cr"}],
        },
        {
            "traceId": TRACE,
            "id": "0a",
            "kind": "SERVER",
            "shared": True,
            "name": "op",
            "timestamp": 1010,
            "duration": 30,
            "localEndpoint": {"serviceName": "back.default"},
        },
    ]
    assert post(zipkin(store), json.dumps(spans).encode(), "application/json")[0] == 202
    (trace,) = store.ask("traces", service="back.default", start=0)
    client, server = trace["spans"]
    assert server["references"][0]["spanID"] == client["spanID"] != server["spanID"]
    assert client["logs"][0]["fields"] == [{"key": "event", "type": "string", "value": "cr"}]
    assert {tag["key"]: tag["value"] for tag in client["tags"]} == {
        "http.status_code": "200",
        "span.kind": "client",
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{}", b"list"),
        (b"[", b"Expecting"),
        (b"[7]", b"span 0"),
        (b'[{"traceId":"1"}]', b"span 0"),
        (b'[{"traceId":"x","id":"1"}]', b"span 0"),
    ],
)
def test_zipkin_that_cannot_be_read(store: Running, body: bytes, said: bytes):
    status, answer, _ = post(zipkin(store), body, "application/json")
    assert status == 400
    assert said in answer
    assert store.store.span_count == 0


def test_grpc_starts_with_its_first_client_and_loses_nothing(store: Running):
    with grpc.insecure_channel(f"{HOST}:{store.ports.otlp_grpc}") as channel:
        export = channel.unary_unary(
            f"/{SERVICE}/Export",
            request_serializer=ExportTraceServiceRequest.SerializeToString,
            response_deserializer=ExportTraceServiceResponse.FromString,
        )
        for number in range(1, 4):
            answer = export(request_of({"span_id": number.to_bytes(8, "big")}, {"span_id": b""}), timeout=10)
            assert answer.partial_success.rejected_spans == 1
    assert store.store.span_count == 3


def test_a_client_that_hangs_up_does_not_hurt_the_next(store: Running):
    import socket

    with socket.create_connection((HOST, store.ports.otlp_grpc)) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
    test_grpc_starts_with_its_first_client_and_loses_nothing(store)
    assert get(f"{store.url}/api/services")[0] == 200
