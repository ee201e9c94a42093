"""istiod's own metrics, under the names that its dashboards use (pilot/pkg/xds/monitoring.go).

Istio's counters have names without `_total`, which a Prometheus client library would add: `Total` is one that does not.
What the webhooks count is in `webhooks`; `istio_build` of the proxies is made by the lab's Prometheus, which renames
Envoy's `server.live` (system/30-prometheus.yaml), since a stock Envoy lacks the filter that has it in Istio.
Left out: the time in the queue of pushes (there is none), and Go's own metrics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, generate_latest

from meshtutor.embedded.api import Event
from meshtutor.embedded.xds.resource import SHORT
from meshtutor.kube import kinds
from meshtutor.kube.kinds import Kind

_CONVERGENCE_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3, 5, 10, 20, 30)
_PUSH_BUCKETS: Final = (0.01, 0.1, 1, 3, 5, 10, 20, 30)
_SIZE_BUCKETS: Final = (1, 10_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000)
_UNTYPED: Final = re.compile(rb"^(# TYPE \S+) untyped$", re.MULTILINE)
_EVENTS: Final = {"ADDED": "add", "MODIFIED": "update", "DELETED": "delete"}
_TRIGGERS: Final[dict[Kind, str]] = {
    kinds.ENDPOINT_SLICE: "endpoint",
    kinds.POD: "endpoint",
    kinds.NODE: "endpoint",
    kinds.SERVICE: "service",
    kinds.NAMESPACE: "service",
    kinds.CONFIG_MAP: "global",
    kinds.SECRET: "secret",
}
"""Why a push was made (model.TriggerReason); everything else is "config"."""


class Total(Gauge):
    """A counter under its bare name. Only `inc` is called; `exposition` gives it its type."""

    _type = "unknown"


def exposition(registries: Iterable[CollectorRegistry]) -> bytes:
    """Prometheus' text of several registries. The library calls a counter only what ends with `_total`."""
    text = b"".join(map(generate_latest, registries))
    return _UNTYPED.sub(rb"\1 counter", text)


class PilotMetrics:
    """Metrics in a registry of their own: two labs' control planes may run in one process, as in tests."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._build = self._gauge("istio_build", "The version of the control plane.", "component", "tag")
        self._build.labels("pilot", version).set(1)
        self.pushes = self._total("pilot_xds_pushes", "Responses sent to proxies.", "type")
        self.rejects = self._total("pilot_total_xds_rejects", "Responses that proxies refused.", "type")
        self.services = self._gauge("pilot_services", "Services known to the mesh.")
        self.virtual_services = self._gauge("pilot_virt_services", "VirtualServices known.")
        self.connected = self._gauge("pilot_xds", "Proxies connected.")
        self.failures = self._total(
            "pilot_total_xds_internal_errors", "Configurations that were not published."
        )
        self.triggers = self._total("pilot_push_triggers", "Pushes, by what caused them.", "type")
        self.services_events = self._total(
            "pilot_k8s_reg_events", "Changes of Kubernetes' objects.", "type", "event"
        )
        self.rule_events = self._total("pilot_k8s_cfg_events", "Changes of Istio's objects.", "type", "event")
        self._sizes = Histogram("pilot_xds_config_size_bytes", "Sizes of the responses sent to proxies.",
                                ["type"], buckets=_SIZE_BUCKETS, registry=self.registry)  # fmt: skip
        self._push_time = Histogram(
            "pilot_xds_push_time", "Seconds from a response's making until a proxy's stream has taken it.",
            ["type"], buckets=_PUSH_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.convergence = self._seconds(
            "pilot_proxy_convergence_time",
            "Seconds from a commit in the store until a proxy has acknowledged it.",
        )
        self.translation = self._seconds("pilot_pushcontext_init_seconds", "Seconds of a translation.")

    def _total(self, name: str, text: str, *labels: str) -> Total:
        return Total(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _seconds(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, buckets=_CONVERGENCE_BUCKETS, registry=self.registry)

    def pushed(self, type_url: str, size: int, seconds: float) -> None:
        """A response has gone to a proxy. The types of sizes are URLs, those of times short names, as in Istio."""
        self._sizes.labels(type=type_url).observe(size)
        self._push_time.labels(type=SHORT[type_url].lower()).observe(seconds)

    def answered(self, short_type: str, error: str) -> None:
        """A proxy has answered a response."""
        self.pushes.labels(type=short_type.lower()).inc()
        if error:
            self.rejects.labels(type=short_type.lower()).inc()

    def changed(self, events: Iterable[Event]) -> None:
        """The store has changed, and a translation is due."""
        reasons = set()
        for event in events:
            rule = event.kind in kinds.ISTIO
            total = self.rule_events if rule else self.services_events
            total.labels(type=event.kind.kind, event=_EVENTS[event.type]).inc()
            reasons.add(_TRIGGERS.get(event.kind, "config"))
        for reason in reasons:
            self.triggers.labels(type=reason).inc()
