"""Metrics as Telemetry says: which are counted, and with which labels (telemetry.go, mergeMetrics).

The provider is Prometheus: the one that the most special object names, else MeshConfig's `defaultProviders.metrics`.
Overrides add up from the most general object to the most special; a later one goes before an earlier one, label by
label. Left out: metrics that are not Istio's (`customMetric`) and `reportingInterval`, refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reporting.modes import BOTH, Mode, provider_names
from meshtutor.embedded.istio.reporting.objects import Telemetry

METRICS: Final = ("REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE")
ALL: Final = "ALL_METRICS"
REMOVED: Final = None


@dataclass
class Override:
    """Changes to one metric; `tags` are CEL expressions by label, REMOVED where the label goes."""

    disabled: bool = False
    tags: dict[str, str | None] = field(default_factory=dict)


Overrides = Mapping[str, Override]
"""By metric; a metric that is not in it is as Istio makes it."""


def chosen(applying: Iterable[Telemetry], mesh: MeshConfig, mode: Mode) -> Overrides | None:
    """What the objects say together, the most general first; None if nothing is counted."""
    entries = [entry for one in applying for entry in one.metrics]
    provider = next((name for name in _providers(entries, mesh) if name in mesh.prometheus), "")
    if not provider:
        return None
    found: dict[str, Override] = {}
    off = False
    for override in _overrides(entries, mesh, provider):
        match = override.get("match") or {}
        if match.get("mode", BOTH) not in (BOTH, mode):
            continue
        metric = match.get("metric", ALL)
        off = metric == ALL and bool(override.get("disabled"))
        if not off:
            _merge(found, METRICS if metric == ALL else (metric,), override)
    return None if off else found


def _providers(entries: Iterable[Mapping[str, Any]], mesh: MeshConfig) -> list[str]:
    """The providers of the last entry that names any; a parent's are not added to its child's."""
    names = list(mesh.default_metrics)
    for entry in entries:
        names = provider_names(entry) or names
    return names


def _overrides(
    entries: Iterable[Mapping[str, Any]], mesh: MeshConfig, provider: str
) -> Iterator[Mapping[str, Any]]:
    """The overrides for one provider; an entry without providers has those of the entry before it."""
    names = list(mesh.default_metrics)
    for entry in entries:
        names = provider_names(entry) or names
        if provider in names:
            yield from entry.get("overrides") or ()


def _merge(found: dict[str, Override], metrics: Iterable[str], override: Mapping[str, Any]) -> None:
    for metric in metrics:
        kept = found.setdefault(metric, Override())
        if override.get("disabled") is not None:
            kept.disabled = bool(override["disabled"])
        for label, tag in (override.get("tagOverrides") or {}).items():
            kept.tags[label] = REMOVED if tag.get("operation") == "REMOVE" else str(tag.get("value") or "")
