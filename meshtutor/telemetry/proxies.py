"""What the proxies say about themselves: Envoy's own metrics, which Prometheus has beside Istio's."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from meshtutor.telemetry.prometheus import Prometheus

ALLOCATED: Final = "envoy_server_memory_allocated"


def memory_of(pods: Collection[str]) -> str:
    """The selector of what the sidecars of these pods have allocated, in bytes."""
    return f'{ALLOCATED}{{pod=~"{"|".join(sorted(pods))}"}}'


def memory(prometheus: Prometheus, pods: Collection[str]) -> dict[str, float]:
    """Bytes that the sidecar of each pod has allocated, as far as it is known (Envoy's `server.memory_allocated`).

    It is what Envoy's heap holds; the process is bigger by its program, whose pages all Envoys of a node share.
    """
    return prometheus.query(memory_of(pods)).by("pod")
