"""What the servers' own sidecars counted: the only place where copies of requests are seen.

A caller's sidecar sends a copy and forgets it; its metrics (`reporter="source"`) know only the request that was
answered. The sidecar in front of the copy's receiver counts it as any other request (`reporter="destination"`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from meshtutor.telemetry.istio import RequestSamples
from meshtutor.telemetry.results import Labels, Matrix

_GOOD = ("2", "3")


@dataclass(frozen=True)
class Served:
    """Requests that reached a version, and how many of them it answered with an error (4xx, 5xx)."""

    requests: int = 0
    failed: int = 0


def is_wrong(labels: Labels) -> bool:
    """Whether requests with these labels were answered with an error."""
    return not labels.get("response_code", "").startswith(_GOOD)


def served(samples: RequestSamples, start: float, end: float) -> Mapping[str, Served]:
    """By version, what was counted after `start` and until `end` (Prometheus clock); without any it is absent."""
    wrong = [s for s in samples.requests if is_wrong(s.labels)]
    failing = replace(samples, requests=Matrix(samples.requests.query, tuple(wrong)))
    failed = failing.count("version", start, end)
    counts = samples.count("version", start, end)
    return {version: Served(count, failed.get(version, 0)) for version, count in counts.items()}
