"""What Istio's webhooks count: the verdicts of validation, and the pods that were injected.

Here the API server's admission calls both as functions; istiod's page of metrics shows what they counted all the same.
Names and labels: istio/istio, pkg/webhooks/validation/server/monitoring.go and pkg/kube/inject/monitoring.go. Which
objects reach the webhook: `rules` of the chart istio-discovery, templates/validatingwebhookconfiguration.yaml; what the
schema refuses does not.
A refusal counts as failed also where only this lab refuses. Left out: errors of HTTP, and how long an injection took.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry

from meshtutor.embedded.apiserver.admission import Request, Validator
from meshtutor.embedded.istio.metrics import Total
from meshtutor.errors import ApiStatusError

_GROUPS: Final = frozenset(
    f"{part}.istio.io" for part in ("security", "networking", "telemetry", "extensions")
)
_INVALID: Final = "invalid_resource"


class WebhookMetrics:
    """The counters of both webhooks, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("group", "version", "resource")
        self._passed = Total("galley_validation_passed", "Resource is valid", labels, registry=self.registry)
        self._failed = Total(
            "galley_validation_failed",
            "Resource validation failed",
            (*labels, "reason"),
            registry=self.registry,
        )
        self._injections = Total(
            "sidecar_injection_requests_total",
            "Total number of sidecar injection requests.",
            registry=self.registry,
        )
        self._outcomes = {outcome: self._outcome(outcome, words) for outcome, words in _WORDS.items()}

    def validating(self, validator: Validator) -> Validator:
        """The same validator, its verdicts counted."""

        def counting(request: Request) -> list[str]:
            if request.kind.group not in _GROUPS or request.operation == "DELETE":
                return validator(request)
            about = (request.kind.group, request.version or request.kind.version, request.kind.plural)
            try:
                warnings = validator(request)
            except ApiStatusError:
                if not request.dry_run:
                    self._failed.labels(*about, _INVALID).inc()
                raise
            self._passed.labels(*about).inc()
            return warnings

        return counting

    def injected(self, outcome: str) -> None:
        """A pod came to the injector: "success", "skip" or "failure"."""
        self._injections.inc()
        self._outcomes[outcome].inc()

    def _outcome(self, outcome: str, words: str) -> Total:
        return Total(
            f"sidecar_injection_{outcome}_total", f"Total number of {words}.", registry=self.registry
        )


_WORDS: Final = {
    "success": "successful sidecar injection requests",
    "skip": "skipped injection requests",
    "failure": "failed sidecar injection requests",
}
