"""Spans as Envoys of the study's application report them, made up: a trace is eight spans of five services."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator

from meshtutor.embedded.addons.jaeger.model import Process, Span, ordered, tag
from meshtutor.embedded.addons.jaeger.otlp_messages import ExportTraceServiceRequest, KeyValue

SERVICES = (
    "istio-ingressgateway.istio-system",
    "productpage.default",
    "details.default",
    "reviews.default",
    "ratings.default",
)
_BUILD = "9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL"
# (service, kind, index of the parent)
_SHAPE = (
    (0, "server", None),
    (0, "client", 0),
    (1, "server", 1),
    (1, "client", 2),
    (2, "server", 3),
    (1, "client", 2),
    (3, "server", 5),
    (4, "server", 6),
)


def process(service: str) -> Process:
    tags = {"telemetry.sdk.name": "envoy", "telemetry.sdk.language": "cpp", "telemetry.sdk.version": _BUILD}
    return Process(service, ordered([tag(key, value) for key, value in tags.items()]))


_PROCESSES = {service: process(service) for service in SERVICES}


def span(
    service: str = "reviews.default",
    *,
    trace: int = 1,
    number: int = 1,
    parent: int = 0,
    start: int = 1_000_000,
    duration: int = 1000,
    operation: str = "",
    kind: str = "server",
    **tags: str | int | bool | float,
) -> Span:
    """One span; `__` in a tag's name stands for a dot."""
    named = [tag(key.replace("__", "."), value) for key, value in tags.items()]
    return Span(
        trace,
        number,
        parent,
        operation or f"{service}:9080/*",
        kind,
        start,
        duration,
        _PROCESSES.get(service) or process(service),
        ordered([*named, tag("span.kind", kind)]),
    )


def traffic(traces: int, *, seed: int = 1, start: int = 1_700_000_000_000_000) -> Iterator[list[Span]]:
    """So many traces, a millisecond apart, each with Envoy's and Istio's 22 tags a span; 1 % of spans fail."""
    source = random.Random(seed)
    for index in range(traces):
        trace_id, request = source.getrandbits(128), str(uuid.UUID(int=source.getrandbits(128)))
        ids = [source.getrandbits(64) | 1 for _ in _SHAPE]
        yield [
            Span(
                trace_id,
                ids[i],
                0 if up is None else ids[up],
                f"{SERVICES[who]}:9080/*",
                kind,
                start + index * 1000 + i,
                source.randrange(200, 20_000),
                _PROCESSES[SERVICES[who]],
                _tags(source, SERVICES[who], kind, request),
            )
            for i, (who, kind, up) in enumerate(_SHAPE)
        ]


def _tags(source: random.Random, service: str, kind: str, request: str) -> tuple:
    failed = source.random() < 0.01
    values = {
        "node_id": f"sidecar~127.1.16.7~{service}~default.svc.cluster.local",
        "zone": "europe-1",
        "guid:x-request-id": request,
        "http.url": f"http://{service}:9080/reviews/{source.randrange(100)}",
        "http.method": "GET",
        "downstream_cluster": "-",
        "user_agent": "python-requests/2.34",
        "http.protocol": "HTTP/1.1",
        "peer.address": f"127.1.16.{source.randrange(9)}",
        "request_size": "0",
        "response_size": str(source.randrange(3000)),
        "component": "proxy",
        "upstream_cluster": f"outbound|9080||{service}",
        "upstream_cluster.name": f"outbound|9080||{service}",
        "http.status_code": "503" if failed else "200",
        "response_flags": "UF" if failed else "-",
        "istio.canonical_service": service,
        "istio.canonical_revision": "v1",
        "istio.namespace": "default",
        "istio.mesh_id": "cluster.local",
        "istio.cluster_id": "Kubernetes",
        "span.kind": kind,
    }
    return ordered([tag(key, value) for key, value in values.items()])


def as_otlp(spans: Iterable[Span]) -> bytes:
    """Spans as Envoys report them over OTLP: one group for each service."""
    request = ExportTraceServiceRequest()
    scopes = {}
    for one in spans:
        if one.process not in scopes:
            group = request.resource_spans.add()
            group.resource.attributes.append(attribute("service.name", one.process.service))
            for found in one.process.tags:
                group.resource.attributes.append(attribute(found.key, str(found.value)))
            scopes[one.process] = group.scope_spans.add()
        reported = scopes[one.process].spans.add(
            trace_id=one.trace_id.to_bytes(16, "big"),
            span_id=one.span_id.to_bytes(8, "big"),
            parent_span_id=one.parent.to_bytes(8, "big") if one.parent else b"",
            name=one.operation,
            kind={"server": 2, "client": 3}[one.kind],
            start_time_unix_nano=one.start * 1000,
            end_time_unix_nano=(one.start + one.duration) * 1000,
        )
        for found in one.tags:
            if found.key != "span.kind":
                reported.attributes.append(attribute(found.key, str(found.value)))
    return request.SerializeToString()


def attribute(key: str, text: str) -> bytes:
    """An OTLP attribute as it is on the wire."""
    found = KeyValue(key=key)
    found.value.string_value = text
    return bytes(found.SerializeToString())
