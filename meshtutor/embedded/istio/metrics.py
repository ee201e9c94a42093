"""istiod's own metrics, under the names that its dashboards use (pilot/pkg/xds/monitoring.go)."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_CONVERGENCE_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30)


class PilotMetrics:
    """Metrics in a registry of their own: two labs' control planes may run in one process, as in tests."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.pushes = Counter(
            "pilot_xds_pushes", "Responses sent to proxies.", ["type"], registry=self.registry
        )
        self.rejects = Counter(
            "pilot_total_xds_rejects", "Responses that proxies refused.", registry=self.registry
        )
        self.rejects_by_type = Counter(
            "pilot_xds_rejects", "Responses that proxies refused, by type.", ["type"], registry=self.registry
        )
        self.services = Gauge("pilot_services", "Services known to the mesh.", registry=self.registry)
        self.virtual_services = Gauge("pilot_virt_services", "VirtualServices known.", registry=self.registry)
        self.connected = Gauge("pilot_xds", "Proxies connected.", registry=self.registry)
        self.failures = Counter(
            "pilot_total_translation_failures",
            "Configurations that were not published.",
            registry=self.registry,
        )
        self.convergence = Histogram(
            "pilot_proxy_convergence_time",
            "Seconds from a commit in the store until a proxy has acknowledged it.",
            buckets=_CONVERGENCE_BUCKETS,
            registry=self.registry,
        )
        self.translation = Histogram(
            "pilot_push_context_init_seconds", "Seconds of a translation.", buckets=_CONVERGENCE_BUCKETS,
            registry=self.registry,
        )  # fmt: skip

    def answered(self, short_type: str, error: str) -> None:
        """A proxy has answered a response."""
        self.pushes.labels(type=short_type.lower()).inc()
        if error:
            self.rejects.inc()
            self.rejects_by_type.labels(type=short_type.lower()).inc()
