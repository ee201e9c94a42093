"""Telemetry objects, and which of them apply to a workload (pilot/pkg/model/telemetry.go, applicableTelemetries).

Three levels, each later one going before those above it, field by field: the oldest object without a selector in the
root namespace; the same in the workload's own namespace; then the objects there whose selector the workload has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.mesh_config import ROOT_NAMESPACE
from meshtutor.embedded.istio.reading import Object, key_of, matches_labels, seniority, spec_of
from meshtutor.embedded.istio.workloads import Workload


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
    """All Telemetry objects, by namespace, oldest first."""

    def __init__(self, objects: Iterable[Telemetry]) -> None:
        self._by_namespace: dict[str, list[Telemetry]] = {}
        for found in sorted(objects, key=lambda one: one.seniority):
            self._by_namespace.setdefault(found.namespace, []).append(found)

    def applying(self, workload: Workload) -> tuple[Telemetry, ...]:
        """Those that apply to a workload, the most general first."""
        return tuple(self._levels(workload))

    def _levels(self, workload: Workload) -> Iterator[Telemetry]:
        own = self._by_namespace.get(workload.namespace, [])
        yield from self._wide(ROOT_NAMESPACE)
        if workload.namespace != ROOT_NAMESPACE:
            yield from self._wide(workload.namespace)
        yield from (one for one in own if one.selector and matches_labels(one.selector, workload.labels))

    def _wide(self, namespace: str) -> list[Telemetry]:
        return [one for one in self._by_namespace.get(namespace, []) if not one.selector][:1]
