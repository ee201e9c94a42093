"""Tracing as Telemetry says: which provider, how many requests, which tags (telemetry.go, Tracing; core/tracing.go).

Each field is taken from the most special object that has it; `customTags` as a whole. Without a provider, neither
named by a Telemetry nor by MeshConfig's `defaultProviders.tracing`, nothing is reported. Without any tracing section,
MeshConfig's `enableTracing` (on by default) lets contexts pass and reports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reporting.modes import Mode, concerns, provider_names
from meshtutor.embedded.istio.reporting.objects import Telemetry
from meshtutor.embedded.istio.tracing import tracing
from meshtutor.embedded.istio.tracing_providers import Tag, istio_tags, telemetry_tags
from meshtutor.embedded.istio.workloads import Workload

_FIELDS = {
    "disableSpanReporting": "disabled",
    "customTags": "tags",
    "randomSamplingPercentage": "sampling",
    "useRequestIdForTraceSampling": "by_request_id",
    "enableIstioTags": "istio_tags",
}
"""The field of `Telemetry.tracing[]` -> the one here."""


@dataclass(frozen=True)
class Spans:
    """What one side of a workload shall report; `sampling` in percent, None where nothing says."""

    provider: str = ""
    disabled: bool = False
    sampling: float | None = None
    tags: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_request_id: bool = True
    istio_tags: bool = True


def chosen(applying: Iterable[Telemetry], mesh: MeshConfig, mode: Mode) -> Spans | None:
    """What the objects say together, the most general first; None if nobody says a word about tracing."""
    entries = [entry for one in applying for entry in one.tracing]
    if not entries and not mesh.default_tracing:
        return None
    found = Spans(provider=next(iter(mesh.default_tracing), ""))
    for entry in entries:
        if concerns(entry, mode):
            found = _merged(found, entry)
    return found


def _merged(spans: Spans, entry: Mapping[str, Any]) -> Spans:
    said: dict[str, Any] = {
        ours: entry[theirs] for theirs, ours in _FIELDS.items() if entry.get(theirs) is not None
    }
    if named := provider_names(entry):
        said["provider"] = named[0]
    return replace(spans, **said)


def configured(
    spans: Spans | None, mesh: MeshConfig, workload: Workload, collectors: Mapping[str, str], *, gateway: bool
) -> Any | None:
    """`HttpConnectionManager.tracing`, or None; `collectors` are Envoy's clusters by the provider's name.

    A provider whose Service is not there is left out, as in Istio (clusterLookupFn fails).
    """
    if spans is None:
        return tracing(None, service="", sampling=mesh.sampling) if mesh.enable_tracing else None
    provider = mesh.tracer(spans.provider)
    if spans.disabled or provider is None or provider.name not in collectors:
        return None
    return tracing(
        provider,
        service=f"{workload.canonical_name}.{workload.namespace}",
        cluster=collectors[provider.name],
        sampling=mesh.sampling if spans.sampling is None else float(spans.sampling),
        tags=_tags(spans, workload),
        gateway=gateway,
    )


def _tags(spans: Spans, workload: Workload) -> tuple[Tag, ...]:
    """Istio's tags first, so that one's own of the same name goes before them."""
    own = {
        tag.tag: tag
        for tag in (
            *(_istio(workload) if spans.istio_tags else ()),
            *telemetry_tags(spans.tags),
        )
    }
    return tuple(own.values())


def _istio(workload: Workload) -> tuple[Tag, ...]:
    return istio_tags(
        canonical_service=workload.canonical_name,
        canonical_revision=workload.canonical_revision,
        namespace=workload.namespace,
    )
