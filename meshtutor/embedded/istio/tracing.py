"""How a proxy traces: the `tracing` part of an HTTP connection manager, of a provider and of what Telemetry says. Pure.

As Istio does it (pilot/pkg/networking/core/tracing.go):
- MeshConfig.extensionProviders names the backends; a Telemetry object chooses one of them. `opentelemetry` is what
  Istio's documentation uses with Jaeger (OTLP over gRPC to port 4317, or over HTTP if the provider has `http`);
  `zipkin` is the older way. Without a provider Envoy passes contexts on and reports nothing.
- What travels with a request: W3C's `traceparent` and `tracestate` with OpenTelemetry; B3 (`x-b3-…`) with Zipkin, and
  W3C beside it with `traceContextOption: USE_B3_WITH_W3C_PROPAGATION`. The application carries them from the request
  it got to those it makes. A proxy cannot: it does not know which belong together.
- The service of a span is the proxy's own: the bootstrap's `node.cluster`, `app.namespace`.
- Sampling: Telemetry's `randomSamplingPercentage`, else MeshConfig's `defaultConfig.tracing.sampling`, else 1 %. The
  first proxy decides and writes it into `x-request-id`, by which those after it go (not by `traceparent`'s flag: seen
  with Envoy 1.40), so the application must carry that too. A client that sends `x-client-trace-id` is always traced.
- A span is named after its route's decorator, see `operation`; its kind after the listener's `traffic_direction`
  (INBOUND: server, OUTBOUND: client), so listeners must state theirs.

Envoy sends what it has collected every 5 s, or at every fifth span; `RUNTIME` makes that half a second.

Left out: `disableContextPropagation` (Istio 1.30), which is no field of this Envoy API yet; what `tracing_providers`
leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from envoy.config.core.v3 import base_pb2, grpc_service_pb2, http_service_pb2, http_uri_pb2
from envoy.config.trace.v3 import http_tracer_pb2, opentelemetry_pb2, zipkin_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_pb2
from envoy.type.tracing.v3 import custom_tag_pb2
from envoy.type.v3 import percent_pb2
from google.protobuf import any_pb2

from meshtutor.embedded.istio.mesh_config import SAMPLING
from meshtutor.embedded.istio.reading import boolean, duration, uint32
from meshtutor.embedded.istio.tracing_providers import Provider, Tag

RUNTIME: Final = {
    "tracing.opentelemetry.flush_interval_ms": 500,
    "tracing.opentelemetry.min_flush_spans": 50,
    "tracing.zipkin.flush_interval_ms": 500,
    "tracing.zipkin.min_flush_spans": 50,
}
"""For a static layer of the bootstrap's runtime: a trace is there at once, and load costs fewer posts."""
_TRACERS: Final = {"opentelemetry": "envoy.tracers.opentelemetry", "zipkin": "envoy.tracers.zipkin"}
_TIMEOUT: Final = 5.0
"""Seconds; Envoy wants one for HTTP, and Istio gives Zipkin's this."""


def tracing(
    provider: Provider | None,
    *,
    service: str,
    cluster: str = "",
    sampling: float = SAMPLING,
    tags: Iterable[Tag] = (),
    gateway: bool = False,
) -> Any:
    """`HttpConnectionManager.tracing`.

    `service` is the proxy's own (`app.namespace`); `cluster` Envoy's for the provider's service and port, as
    `outbound|4317||jaeger-collector.istio-system.svc.cluster.local`; `sampling` in percent. A gateway makes two spans
    of a request, for what it gets and what it sends on (PILOT_SPAWN_UPSTREAM_SPAN_FOR_GATEWAY, on since Istio 1.28).
    """
    config = hcm_pb2.HttpConnectionManager.Tracing(
        client_sampling=percent_pb2.Percent(value=100.0),
        random_sampling=percent_pb2.Percent(value=sampling),
        overall_sampling=percent_pb2.Percent(value=100.0),
        custom_tags=[_custom(tag) for tag in sorted(tags, key=lambda tag: tag.tag)],
    )
    if provider is None:
        return config
    config.provider.CopyFrom(_provider(provider, service, cluster))
    if provider.max_tag_length:
        config.max_path_tag_length.CopyFrom(uint32(provider.max_tag_length))
    if gateway:
        config.spawn_upstream_span.CopyFrom(boolean(True))
    return config


def operation(host: str, port: int) -> str:
    """What Istio calls the spans of a route: `route.decorator.operation` (core/route/route.go, TraceOperation)."""
    return f"{host}:{port}/*"


def _custom(tag: Tag) -> Any:
    custom = custom_tag_pb2.CustomTag
    if tag.source == "header":
        return custom(tag=tag.tag, request_header=custom.Header(name=tag.name, default_value=tag.value))
    if tag.source == "environment":
        return custom(tag=tag.tag, environment=custom.Environment(name=tag.name, default_value=tag.value))
    return custom(tag=tag.tag, literal=custom.Literal(value=tag.value))


def _provider(provider: Provider, service: str, cluster: str) -> Any:
    config = (
        _zipkin(provider, cluster)
        if provider.kind == "zipkin"
        else _opentelemetry(provider, service, cluster)
    )
    packed = any_pb2.Any()
    packed.Pack(config, deterministic=True)
    return http_tracer_pb2.Tracing.Http(name=_TRACERS[provider.kind], typed_config=packed)


def _opentelemetry(provider: Provider, service: str, cluster: str) -> Any:
    if provider.path:
        return opentelemetry_pb2.OpenTelemetryConfig(
            service_name=service, http_service=_http(provider, cluster)
        )
    grpc = grpc_service_pb2.GrpcService(
        envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=cluster, authority=provider.service),
        initial_metadata=[base_pb2.HeaderValue(key=key, value=value) for key, value in provider.headers],
    )
    if provider.timeout:
        grpc.timeout.CopyFrom(duration(provider.timeout))
    return opentelemetry_pb2.OpenTelemetryConfig(service_name=service, grpc_service=grpc)


def _zipkin(provider: Provider, cluster: str) -> Any:
    """Zipkin's tracer names the service by itself: it takes the bootstrap's `node.cluster`."""
    config = zipkin_pb2.ZipkinConfig
    return config(
        collector_endpoint_version=config.HTTP_JSON,
        trace_id_128bit=not provider.short_ids,
        shared_span_context=boolean(False),
        collector_service=_http(provider, cluster),
        trace_context_option=config.USE_B3_WITH_W3C_PROPAGATION if provider.with_w3c else config.USE_B3,
    )


def _http(provider: Provider, cluster: str) -> Any:
    """The scheme is of no weight, as the cluster decides about TLS; the host becomes the request's authority."""
    overwrite = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    return http_service_pb2.HttpService(
        http_uri=http_uri_pb2.HttpUri(
            uri=f"http://{provider.service}/{provider.path.lstrip('/')}",
            cluster=cluster,
            timeout=duration(provider.timeout or _TIMEOUT),
        ),
        request_headers_to_add=[
            base_pb2.HeaderValueOption(
                header=base_pb2.HeaderValue(key=key, value=value), append_action=overwrite
            )
            for key, value in provider.headers
        ],
    )
