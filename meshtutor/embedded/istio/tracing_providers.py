"""Tracing as MeshConfig and Telemetry write it: providers and custom tags, read into small values. Pure.

MeshConfig.extensionProviders: istio.io, "Global Mesh Options"; Telemetry.tracing: "Telemetry". Module `tracing` makes
Envoy's configuration of them.

Left out, refused by name: Datadog, SkyWalking, Stackdriver and Lightstep providers; `resourceDetectors` and
`dynatraceSampler`; headers from `envName`; tags with `formatter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.reading import seconds
from meshtutor.errors import MeshtutorError

ZIPKIN_PATH: Final = "/api/v2/spans"
_KNOWN: Final = {
    "opentelemetry": {"service", "port", "maxTagLength", "http", "grpc"},
    "zipkin": {
        "service", "port", "maxTagLength", "enable64bitTraceId", "path", "traceContextOption", "timeout", "headers",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Provider:
    """A tracing provider of MeshConfig; `kind` is "opentelemetry" or "zipkin", `timeout` in seconds (0: none).

    `path` is that of OTLP over HTTP ("" means OTLP over gRPC) or of Zipkin's endpoint. `headers` go with each report.
    """

    name: str
    kind: str
    service: str
    port: int
    path: str = ""
    timeout: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    max_tag_length: int = 0
    short_ids: bool = False
    with_w3c: bool = False


@dataclass(frozen=True)
class Tag:
    """A custom tag of a span: a literal `value`, or read from a request `header` or environment variable.

    `source` is "literal", "header" or "environment"; of the last two `name` is whose value it is, and `value` the
    default.
    """

    tag: str
    value: str
    source: str = "literal"
    name: str = ""


def provider_of(entry: Mapping[str, Any]) -> Provider:
    """An entry of MeshConfig.extensionProviders; MeshtutorError if it is no tracing provider that is implemented."""
    name = str(entry.get("name") or "")
    kind = next((key for key in entry if key in _KNOWN), "")
    if not kind:
        found = ", ".join(key for key in entry if key != "name") or "nothing"
        raise MeshtutorError(
            f"extension provider {name!r} ({found}) is not a tracing provider that is implemented here",
            f"Use one of {', '.join(_KNOWN)}.",
        )
    settings = entry[kind] or {}
    _refuse_unknown(name, kind, settings)
    transport = settings.get("http") or settings.get("grpc") or settings
    return Provider(
        name=name,
        kind=kind,
        service=str(settings.get("service") or "").rpartition("/")[2],
        port=int(settings.get("port") or 0),
        path=str(transport.get("path") or (ZIPKIN_PATH if kind == "zipkin" else "")),
        timeout=seconds(str(transport["timeout"])) if transport.get("timeout") else 0.0,
        headers=_headers(name, transport),
        max_tag_length=int(settings.get("maxTagLength") or 0),
        short_ids=bool(settings.get("enable64bitTraceId")),
        with_w3c=settings.get("traceContextOption") == "USE_B3_WITH_W3C_PROPAGATION",
    )


def _refuse_unknown(name: str, kind: str, settings: Mapping[str, Any]) -> None:
    for field in settings:
        if field not in _KNOWN[kind]:
            raise MeshtutorError(
                f"extension provider {name!r}: {kind}.{field} is not implemented here",
                f"Known are {', '.join(sorted(_KNOWN[kind]))}.",
            )


def _headers(name: str, transport: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    listed = transport.get("headers") or transport.get("initialMetadata") or ()
    for header in listed:
        if "envName" in header:
            raise MeshtutorError(
                f"extension provider {name!r}: envName of header {header.get('name')!r} is not implemented here",
                "Give its value.",
            )
    return tuple((str(header["name"]), str(header.get("value", ""))) for header in listed)


def istio_tags(
    *,
    canonical_service: str,
    canonical_revision: str,
    namespace: str,
    mesh: str = "cluster.local",
    cluster: str = "Kubernetes",
) -> tuple[Tag, ...]:
    """The tags that every span in Istio has (unless `enableIstioTags: false`): of the proxy that reports it."""
    return (
        Tag("istio.canonical_revision", canonical_revision or "latest"),
        Tag("istio.canonical_service", canonical_service or "unknown"),
        Tag("istio.mesh_id", mesh),
        Tag("istio.namespace", namespace or "default"),
        Tag("istio.cluster_id", cluster),
    )


def telemetry_tags(custom_tags: Mapping[str, Mapping[str, Any]]) -> tuple[Tag, ...]:
    """Telemetry's `tracing[].customTags`; MeshtutorError for a kind of tag that is not implemented."""
    return tuple(_telemetry_tag(tag, spec) for tag, spec in custom_tags.items())


def _telemetry_tag(tag: str, spec: Mapping[str, Any]) -> Tag:
    if "literal" in spec:
        return Tag(tag, str(spec["literal"].get("value", "")))
    for source in ("header", "environment"):
        if source in spec:
            return Tag(
                tag, str(spec[source].get("defaultValue", "")), source, str(spec[source].get("name", ""))
            )
    raise MeshtutorError(
        f"customTags[{tag!r}] has {', '.join(spec) or 'nothing'}, which is not implemented here",
        "Use literal, header or environment.",
    )
