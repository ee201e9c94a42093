"""Jaeger's query API over HTTP: shapes that jaeger-ui reads, parameters, and refusals in Jaeger's words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from meshtutor.embedded.addons.jaeger.model import Log, Reference, tag
from tests.embedded.addons.jaeger_spans import span
from tests.embedded.addons.running_store import Running, running_store
from tests.embedded.addons.traced_mesh import get

NOW = int(time.time() * 1e6)


@pytest.fixture(scope="module")
def store() -> Iterator[Running]:
    with running_store() as running:
        running.store.add(
            [
                span(
                    "productpage.default",
                    trace=2**70,
                    number=1,
                    start=NOW - 3000,
                    duration=2500,
                    kind="client",
                ),
                span(
                    "reviews.default",
                    trace=2**70,
                    number=2,
                    parent=1,
                    start=NOW - 2500,
                    duration=1500,
                    http__status_code="503",
                    n=2**60,
                ),
                span("reviews.default", trace=5, number=3, start=NOW - 1000, duration=900)._replace(
                    references=(Reference("FOLLOWS_FROM", 2**70, 2),),
                    logs=(Log(NOW, (tag("event", "x"), tag("raw", b"ab"))),),
                ),
                span("old.default", trace=6, start=1_000_000),
            ]
        )
        yield running


def test_a_trace_has_the_shape_that_jaeger_ui_reads(store: Running):
    (trace,) = store.ask(f"traces/{2**70:032x}")
    assert trace["traceID"] == f"{2**70:032x}"
    assert trace["warnings"] is None
    assert {name: process["serviceName"] for name, process in trace["processes"].items()} == {
        "p1": "productpage.default",
        "p2": "reviews.default",
    }
    assert trace["spans"][1] == {
        "traceID": f"{2**70:032x}",
        "spanID": "0000000000000002",
        "operationName": "reviews.default:9080/*",
        "references": [{"refType": "CHILD_OF", "traceID": f"{2**70:032x}", "spanID": "0000000000000001"}],
        "startTime": NOW - 2500,
        "duration": 1500,
        "processID": "p2",
        "logs": [],
        "warnings": None,
        "tags": [
            {"key": "http.status_code", "type": "string", "value": "503"},
            {"key": "n", "type": "int64", "value": str(2**60)},
            {"key": "span.kind", "type": "string", "value": "server"},
        ],
    }
    assert {"key": "telemetry.sdk.name", "type": "string", "value": "envoy"} in trace["processes"]["p1"][
        "tags"
    ]


def test_short_ids_logs_and_references(store: Running):
    (trace,) = store.ask("traces/5")
    (only,) = trace["spans"]
    assert only["traceID"] == "0000000000000005"
    assert only["references"] == [
        {"refType": "FOLLOWS_FROM", "traceID": f"{2**70:032x}", "spanID": "0000000000000002"}
    ]
    assert only["logs"] == [
        {
            "timestamp": NOW,
            "fields": [
                {"key": "event", "type": "string", "value": "x"},
                {"key": "raw", "type": "binary", "value": "YWI="},
            ],
        }
    ]


def test_the_envelope_is_jaeger_s(store: Running):
    status, body = get(f"{store.url}/api/services")
    assert (status, json.loads(body)) == (
        200,
        {
            "data": ["old.default", "productpage.default", "reviews.default"],
            "total": 3,
            "limit": 0,
            "offset": 0,
            "errors": None,
        },
    )
    status, body = get(f"{store.url}/api/traces?service=reviews.default")
    answer = json.loads(body)
    assert {key: value for key, value in answer.items() if key != "data"} == {
        "total": 0,
        "limit": 0,
        "offset": 0,
        "errors": None,
    }
    status, body = get(f"{store.url}/api/traces?service=nobody")
    assert json.loads(body)["data"] == []


@pytest.mark.parametrize("base", ["", "/jaeger"])
def test_it_is_found_with_and_without_the_add_on_s_base_path(store: Running, base: str):
    assert get(f"{store.url}{base}/api/services")[0] == 200
    status, page = get(f"{store.url}{base}/")
    assert status == 200
    assert b"4 spans in 3 traces" in page


def test_operations_in_both_forms(store: Running):
    assert store.ask("services/reviews.default/operations") == ["reviews.default:9080/*"]
    assert store.ask("operations", service="productpage.default") == [
        {"name": "productpage.default:9080/*", "spanKind": "client"}
    ]
    assert store.ask("operations", service="productpage.default", spanKind="server") == []


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["5", "2**70"]),
        ({"limit": 1}, ["5"]),
        ({"operation": "reviews.default:9080/*"}, ["5", "2**70"]),
        ({"minDuration": "1ms"}, ["2**70"]),
        ({"minDuration": "1.4ms", "maxDuration": "1500us"}, ["2**70"]),
        ({"maxDuration": "1ms"}, ["5"]),
        ({"tags": '{"http.status_code":"503"}'}, ["2**70"]),
        ({"tag": "http.status_code:503"}, ["2**70"]),
        ({"start": NOW - 1000}, ["5"]),
        ({"end": NOW - 2000, "lookback": "1h"}, ["2**70"]),
    ],
)
def test_searches(store: Running, parameters: dict, found: list[str]):
    ids = {"5": "0000000000000005", "2**70": f"{2**70:032x}"}
    assert [t["traceID"] for t in store.ask("traces", service="reviews.default", **parameters)] == [
        ids[f] for f in found
    ]


def test_a_search_looks_back_two_days_unless_told_otherwise(store: Running):
    assert store.ask("traces", service="old.default") == []
    assert len(store.ask("traces", service="old.default", start=0)) == 1


def test_traces_by_their_ids_and_the_ones_that_are_not_there(store: Running):
    status, body = get(f"{store.url}/api/traces?traceID=5&traceID=77")
    answer = json.loads(body)
    assert status == 200
    assert [trace["traceID"] for trace in answer["data"]] == ["0000000000000005"]
    assert answer["errors"] == [{"msg": "trace not found", "traceID": "0000000000000077"}]


def test_dependencies(store: Running):
    link = {"parent": "productpage.default", "child": "reviews.default", "callCount": 1}
    assert store.ask("dependencies", endTs=NOW // 1000 + 1000, lookback=60_000) == [link]
    assert store.ask("dependencies", endTs=NOW // 1000 + 1000, lookback=60_000, service="old.default") == []
    assert store.ask("dependencies", endTs=1, lookback=1) == []


@pytest.mark.parametrize(
    ("path", "parameters", "status", "message"),
    [
        ("traces", {}, 400, "parameter 'service' is required"),
        ("operations", {}, 400, "parameter 'service' is required"),
        (
            "traces",
            {"service": "x", "start": "soon"},
            400,
            "unable to parse param 'start': strconv.ParseInt: parsing \"soon\": invalid syntax",
        ),
        (
            "traces",
            {"service": "x", "minDuration": "5"},
            400,
            "unable to parse param 'minDuration': time: missing unit in duration \"5\"",
        ),
        (
            "traces",
            {"service": "x", "maxDuration": "fast"},
            400,
            "unable to parse param 'maxDuration': time: invalid duration \"fast\"",
        ),
        (
            "traces",
            {"service": "x", "minDuration": "2s", "maxDuration": "1s"},
            400,
            "'maxDuration' should be greater than 'minDuration'",
        ),
        (
            "traces",
            {"service": "x", "tag": "novalue"},
            400,
            "malformed 'tag' parameter, expecting key:value, received: novalue",
        ),
        ("traces/77", {}, 404, "trace not found"),
        ("traces/xyz", {}, 400, 'strconv.ParseUint: parsing "xyz": invalid syntax'),
        ("traces/" + "a" * 33, {}, 400, "TraceID cannot be longer than 32 hex characters: " + "a" * 33),
        ("metrics/latencies", {}, 501, "metrics querying is currently disabled"),
        (
            "dependencies",
            {"endTs": "x"},
            400,
            "unable to parse param 'endTs': strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
    ],
)
def test_refusals(store: Running, path: str, parameters: dict, status: int, message: str):
    assert store.refused(path, **parameters) == (status, message)


@pytest.mark.parametrize("tags", ["{", "[1]", '{"a": 1}'])
def test_tags_must_be_an_object_of_strings(store: Running, tags: str):
    status, message = store.refused("traces", service="x", tags=tags)
    assert status == 400
    assert message.startswith("malformed 'tags' parameter, cannot unmarshal JSON: ")


def test_pretty_printing(store: Running):
    assert b'\n    "data"' in get(f"{store.url}/api/services?prettyPrint=true")[1]


def test_a_service_s_name_is_escaped_on_the_page():
    with running_store() as running:
        running.store.add([span("<script>")])
        page = get(f"{running.url}/")[1]
    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page
