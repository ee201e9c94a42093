"""Envoy's tracing configuration of what MeshConfig and Telemetry say. That Envoys accept it: test_jaeger_envoy."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.config.trace.v3 import opentelemetry_pb2, zipkin_pb2

from meshtutor.embedded.istio.tracing import operation, tracing
from meshtutor.embedded.istio.tracing_providers import istio_tags, provider_of, telemetry_tags
from meshtutor.errors import MeshtutorError

HOST = "jaeger-collector.istio-system.svc.cluster.local"
CLUSTER = f"outbound|4317||{HOST}"


def configured(entry: dict[str, Any], **options: Any) -> Any:
    """(the connection manager's tracing, the tracer's own configuration)."""
    found = tracing(provider_of(entry), service="reviews.default", cluster=CLUSTER, **options)
    kind = opentelemetry_pb2.OpenTelemetryConfig if "opentelemetry" in entry else zipkin_pb2.ZipkinConfig
    tracer = kind()
    assert found.provider.typed_config.Unpack(tracer)
    return found, tracer


def test_opentelemetry_reports_over_grpc_unless_it_has_http():
    found, tracer = configured({"name": "j", "opentelemetry": {"service": HOST, "port": 4317}})
    assert found.provider.name == "envoy.tracers.opentelemetry"
    assert tracer.service_name == "reviews.default"
    assert (tracer.grpc_service.envoy_grpc.cluster_name, tracer.grpc_service.envoy_grpc.authority) == (
        CLUSTER,
        HOST,
    )
    assert not tracer.HasField("http_service")


def test_opentelemetry_over_http():
    http = {"path": "/v1/traces", "timeout": "3s", "headers": [{"name": "x-key", "value": "secret"}]}
    _, tracer = configured(
        {"name": "j", "opentelemetry": {"service": f"istio-system/{HOST}", "port": 4318, "http": http}}
    )
    service = tracer.http_service
    assert (service.http_uri.uri, service.http_uri.cluster, service.http_uri.timeout.seconds) == (
        f"http://{HOST}/v1/traces",
        CLUSTER,
        3,
    )
    assert [(h.header.key, h.header.value) for h in service.request_headers_to_add] == [("x-key", "secret")]


def test_headers_of_grpc_are_initial_metadata():
    grpc = {"timeout": "2s", "initialMetadata": [{"name": "authorization", "value": "Bearer x"}]}
    _, tracer = configured({"name": "j", "opentelemetry": {"service": HOST, "port": 4317, "grpc": grpc}})
    assert [(h.key, h.value) for h in tracer.grpc_service.initial_metadata] == [("authorization", "Bearer x")]
    assert tracer.grpc_service.timeout.seconds == 2


@pytest.mark.parametrize(("option", "value", "field", "expected"), [
    ("enable64bitTraceId", True, "trace_id_128bit", False),
    ("enable64bitTraceId", False, "trace_id_128bit", True),
    ("traceContextOption", "USE_B3", "trace_context_option", zipkin_pb2.ZipkinConfig.USE_B3),
    ("traceContextOption", "USE_B3_WITH_W3C_PROPAGATION", "trace_context_option",
     zipkin_pb2.ZipkinConfig.USE_B3_WITH_W3C_PROPAGATION),
])  # fmt: skip
def test_zipkin_s_options(option: str, value: Any, field: str, expected: Any):
    _, tracer = configured(
        {"name": "z", "zipkin": {"service": "zipkin.istio-system", "port": 9411, option: value}}
    )
    assert getattr(tracer, field) == expected
    assert tracer.collector_service.http_uri.uri == "http://zipkin.istio-system/api/v2/spans"
    assert tracer.shared_span_context.value is False


def test_one_percent_of_requests_unless_told_otherwise():
    entry = {"name": "j", "opentelemetry": {"service": HOST, "port": 4317}}
    found, _ = configured(entry)
    assert (found.random_sampling.value, found.client_sampling.value, found.overall_sampling.value) == (
        1.0,
        100.0,
        100.0,
    )
    assert configured(entry, sampling=0.5)[0].random_sampling.value == 0.5


def test_a_gateway_has_a_span_for_each_side_and_sidecars_have_one():
    entry = {"name": "j", "opentelemetry": {"service": HOST, "port": 4317, "maxTagLength": 64}}
    sidecar, _ = configured(entry)
    assert not sidecar.HasField("spawn_upstream_span")
    assert sidecar.max_path_tag_length.value == 64
    assert configured(entry, gateway=True)[0].spawn_upstream_span.value is True


def test_without_a_provider_nothing_is_reported_but_decisions_are_made():
    found = tracing(None, service="reviews.default", sampling=10.0)
    assert not found.HasField("provider")
    assert found.random_sampling.value == 10.0


def test_tags_are_sorted_so_that_the_same_rules_give_the_same_bytes():
    custom = {"z": {"literal": {"value": "1"}}, "a": {"header": {"name": "end-user", "defaultValue": "nobody"}},
              "m": {"environment": {"name": "POD"}}}  # fmt: skip
    tags = (
        *telemetry_tags(custom),
        *istio_tags(canonical_service="reviews", canonical_revision="", namespace="default"),
    )
    found, _ = configured({"name": "j", "opentelemetry": {"service": HOST, "port": 4317}}, tags=tags)
    names = [tag.tag for tag in found.custom_tags]
    assert names == sorted(names)
    by_name = {tag.tag: tag for tag in found.custom_tags}
    assert by_name["istio.canonical_revision"].literal.value == "latest"
    assert (by_name["a"].request_header.name, by_name["a"].request_header.default_value) == (
        "end-user",
        "nobody",
    )
    assert by_name["m"].environment.name == "POD"


def test_spans_are_named_after_their_service_s_port():
    assert operation("reviews.default.svc.cluster.local", 9080) == "reviews.default.svc.cluster.local:9080/*"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"name": "d", "datadog": {"service": "x"}},
            r"extension provider 'd' \(datadog\) is not a tracing provider",
        ),
        ({"name": "e"}, r"extension provider 'e' \(nothing\)"),
        ({"name": "j", "opentelemetry": {"resourceDetectors": {}}}, "opentelemetry.resourceDetectors"),
        ({"name": "z", "zipkin": {"headers": [{"name": "k", "envName": "E"}]}}, "envName of header 'k'"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(entry: dict[str, Any], said: str):
    with pytest.raises(MeshtutorError, match=said):
        provider_of(entry)


def test_a_kind_of_tag_that_is_not_implemented_is_refused_by_name():
    with pytest.raises(MeshtutorError, match=r"customTags\['t'\] has formatter"):
        telemetry_tags({"t": {"formatter": {"value": "%REQ(x)%"}}})
