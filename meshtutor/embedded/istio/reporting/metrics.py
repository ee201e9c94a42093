"""Metrics as Telemetry says: which are counted, and with which labels (telemetry.go, mergeMetrics).

The provider is Prometheus: the one that the most special object names, else MeshConfig's `defaultProviders.metrics`.
What the objects say together is told in `kube.telemetries`. Left out: metrics that are not Istio's (`customMetric`) and
`reportingInterval`, refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reporting.objects import Telemetry
from meshtutor.kube.telemetries import Mode, Override, Overrides, counted

__all__ = ["METRICS", "Override", "Overrides", "chosen"]

METRICS: Final = (
    "REQUEST_COUNT", "REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE",
    "TCP_OPENED_CONNECTIONS", "TCP_CLOSED_CONNECTIONS", "TCP_SENT_BYTES", "TCP_RECEIVED_BYTES",
)  # fmt: skip


def chosen(applying: Iterable[Telemetry], mesh: MeshConfig, mode: Mode) -> Overrides | None:
    """What the objects say together, the most general first; None if nothing is counted."""
    entries = [entry for one in applying for entry in one.metrics]
    return counted(entries, mesh.default_metrics, mesh.counts, mode, METRICS)
