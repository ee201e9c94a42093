"""What Istio itself has published of the cost of its proxies, each figure with its version and its condition.

Source: istio.io, Performance and Scalability, as of the release named. They are no target for a laptop: there, a
client and a server on machines of their own, a thousand requests per second; here, one after the other on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Published:
    """A figure, which Istio says it, and under which condition."""

    release: str
    about: str
    figure: str
    condition: str


PAGE: Final = "https://istio.io/latest/docs/ops/deployment/performance-and-scalability/"
FIGURES: Final = (
    Published(
        "1.13",
        "the proxies add to p90",
        "2.65 ms",
        "70,000 requests/s in a mesh of 1000 services, 2000 sidecars",
    ),
    Published(
        "1.20",
        "two sidecars add to p90, p99",
        "0.228 ms, 0.298 ms",
        "1000 requests/s of 1 kB, mTLS, HTTP/1.1",
    ),
    Published("1.24", "memory of a sidecar", "60 MB", "1000 requests/s of 1 kB, 2 worker threads"),
    Published("1.24", "CPU of a sidecar", "0.20 vCPU", "1000 requests/s of 1 kB, 2 worker threads"),
)
