"""Real Envoys, configured as the control plane configures them, report into the store; what comes out is one tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshtutor.embedded.istio.tracing_providers import Provider, provider_of
from tests.embedded.addons.running_store import Running, running_store
from tests.embedded.addons.traced_mesh import get, traced_mesh, wait_for

HOST = "jaeger-collector.istio-system.svc.cluster.local"
GRPC = provider_of({"name": "jaeger", "opentelemetry": {"service": HOST, "port": 4317}})
HTTP = provider_of(
    {
        "name": "jaeger",
        "opentelemetry": {"service": HOST, "port": 4318, "http": {"path": "/v1/traces", "timeout": "5s"}},
    }
)
ZIPKIN = provider_of(
    {"name": "zipkin", "zipkin": {"service": "zipkin.istio-system.svc.cluster.local", "port": 9411}}
)
BOTH = provider_of({"name": "zipkin", "zipkin": {"service": "zipkin", "port": 9411,
                                                 "traceContextOption": "USE_B3_WITH_W3C_PROPAGATION"}})  # fmt: skip


def port_for(store: Running, provider: Provider) -> int:
    if provider.kind == "zipkin":
        return store.ports.zipkin
    return store.ports.otlp_http if provider.path else store.ports.otlp_grpc


def trace_of_spans(store: Running, count: int, **search: Any) -> dict[str, Any]:
    """The one trace there is, once it has so many spans."""

    def complete() -> Any:
        found = store.ask("traces", service="front.default", **search)
        return found[0] if found and len(found[0]["spans"]) >= count else None

    trace: dict[str, Any] = wait_for(complete)
    assert len(trace["spans"]) == count
    return trace


def tags(span: dict[str, Any]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def chain(trace: dict[str, Any]) -> list[str]:
    """`service kind` from the root down; fails unless each span but the root has its parent in the trace."""
    spans = {span["spanID"]: span for span in trace["spans"]}
    children = {ref["spanID"]: span for span in trace["spans"] for ref in span["references"]}
    (current,) = [span for span in trace["spans"] if not span["references"]]
    found = []
    while current:
        assert current["traceID"] == trace["traceID"]
        service = trace["processes"][current["processID"]]["serviceName"]
        found.append(f"{service} {tags(current)['span.kind']}")
        assert all(ref["refType"] == "CHILD_OF" and ref["spanID"] in spans for ref in current["references"])
        current = children.get(current["spanID"])
    assert len(found) == len(spans)
    return found


@pytest.mark.parametrize(
    "provider", [GRPC, HTTP, ZIPKIN, BOTH], ids=["otlp-grpc", "otlp-http", "zipkin-b3", "zipkin-w3c"]
)
def test_spans_of_two_envoys_and_an_app_that_carries_headers_are_one_tree(
    tmp_path: Path, provider: Provider
) -> None:
    with running_store() as store, traced_mesh(tmp_path, provider, port_for(store, provider)) as mesh:
        assert get(f"{mesh.front}/productpage?u=1", {"user-agent": "curl/8"}) == (200, b"called")
        trace = trace_of_spans(store, 4)
        assert chain(trace) == [
            "front.default client",
            "back.default server",
            "back.default client",
            "back.default server",
        ]
        assert store.ask("services") == ["back.default", "front.default"]
        assert store.ask("dependencies") == [
            {"parent": "front.default", "child": "back.default", "callCount": 1}
        ]


def test_envoy_s_and_istio_s_attributes_pass_through(tmp_path: Path) -> None:
    with running_store() as store, traced_mesh(tmp_path, HTTP, store.ports.otlp_http) as mesh:
        get(f"{mesh.front}/productpage?u=1", {"user-agent": "curl/8"})
        trace = trace_of_spans(store, 4)
    root = next(span for span in trace["spans"] if not span["references"])
    assert root["operationName"] == "back.default.svc.cluster.local:9080/*"
    assert root["duration"] > 0
    expected = {
        "component": "proxy", "node_id": "sidecar~127.0.0.1~front-1.default~default.svc.cluster.local",
        "upstream_cluster": "outbound|9080||back.default.svc.cluster.local", "http.method": "GET",
        "http.status_code": "200", "response_flags": "-", "user_agent": "curl/8", "http.protocol": "HTTP/1.1",
        "peer.address": "127.0.0.1", "request_size": "0", "response_size": "6", "downstream_cluster": "-",
        "istio.canonical_service": "front", "istio.canonical_revision": "v1", "istio.namespace": "default",
        "istio.mesh_id": "cluster.local", "istio.cluster_id": "Kubernetes", "span.kind": "client",
    }  # fmt: skip
    found = tags(root)
    assert expected.items() <= found.items()
    assert found["http.url"].endswith("/productpage?u=1")
    assert len(found["guid:x-request-id"]) == 36
    process = trace["processes"][root["processID"]]
    assert {tag["key"] for tag in process["tags"]} >= {"telemetry.sdk.name", "telemetry.sdk.language"}


def test_retries_are_children_of_one_call_and_failures_can_be_searched(tmp_path: Path) -> None:
    with running_store() as store, traced_mesh(tmp_path, HTTP, store.ports.otlp_http) as mesh:
        mesh.app.status = 503
        assert get(f"{mesh.front}/first")[0] == 503
        # the way to the app; its call of /leaf; and three arrivals there: the request and two retries
        trace = trace_of_spans(store, 6, tags='{"error":"true","http.status_code":"503"}')
        assert store.ask("traces", service="front.default", tags='{"http.status_code":"200"}') == []
    server = [span for span in trace["spans"] if tags(span)["span.kind"] == "server"]
    leaves = [span for span in server if tags(span)["http.url"].endswith("/leaf")]
    assert len(leaves) == 3
    assert len({span["references"][0]["spanID"] for span in leaves}) == 1
    assert {tags(span)["otel.status_code"] for span in leaves} == {"ERROR"}


def test_a_request_that_is_not_sampled_leaves_no_span_unless_the_client_asks(tmp_path: Path) -> None:
    with running_store() as store, traced_mesh(tmp_path, HTTP, store.ports.otlp_http, sampling=0.0) as mesh:
        get(f"{mesh.front}/quiet")
        get(f"{mesh.front}/wanted", {"x-client-trace-id": "mine"})
        trace = trace_of_spans(store, 4)
        assert store.store.span_count == 4
    assert [asked.headers["traceparent"].rpartition("-")[2] for asked in mesh.app.heard] == [
        "00",
        "00",
        "01",
        "01",
    ]
    wanted = mesh.app.heard[-1].headers["traceparent"].split("-")[1]
    assert trace["traceID"] == wanted


def test_an_app_that_does_not_carry_headers_breaks_the_trace_in_two(tmp_path: Path) -> None:
    with running_store() as store, traced_mesh(tmp_path, HTTP, store.ports.otlp_http) as mesh:
        mesh.app.carried = ()
        get(f"{mesh.front}/productpage")
        wait_for(lambda: store.store.span_count == 4)
        sizes = sorted(len(trace["spans"]) for trace in store.ask("traces", service="back.default"))
    assert sizes == [2, 2]
