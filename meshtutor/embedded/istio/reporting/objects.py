"""Telemetry objects, and which of them apply to a workload: see `kube.telemetries`.

Each later one goes before those above it, field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.reading import Object, key_of, seniority, spec_of
from meshtutor.embedded.istio.workloads import Workload
from meshtutor.kube import telemetries


@dataclass(frozen=True, eq=False, slots=True)
class Telemetry:
    """A Telemetry object; its sections are lists of entries, as written."""

    namespace: str
    name: str
    selector: Mapping[str, str]
    seniority: tuple[str, str]
    tracing: tuple[Mapping[str, Any], ...]
    metrics: tuple[Mapping[str, Any], ...]
    access_logging: tuple[Mapping[str, Any], ...]


def telemetry(obj: Object) -> Telemetry:
    """Read a Telemetry."""
    namespace, name = key_of(obj)
    spec = spec_of(obj)
    return Telemetry(
        namespace=namespace,
        name=name,
        selector=(spec.get("selector") or {}).get("matchLabels") or {},
        seniority=seniority(obj),
        tracing=tuple(spec.get("tracing") or ()),
        metrics=tuple(spec.get("metrics") or ()),
        access_logging=tuple(spec.get("accessLogging") or ()),
    )


class Telemetries:
    """All Telemetry objects."""

    def __init__(self, objects: Iterable[Telemetry]) -> None:
        self._all = tuple(objects)

    def applying(self, workload: Workload) -> tuple[Telemetry, ...]:
        """Those that apply to a workload, the most general first."""
        return telemetries.applying(self._all, _claim_of, workload.namespace, workload.labels)


def _claim_of(one: Telemetry) -> telemetries.Claim:
    return telemetries.Claim(one.namespace, one.selector, one.seniority)
