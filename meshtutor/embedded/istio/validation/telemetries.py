"""Telemetry objects together: those of which only one counts, and those that choose nobody.

Source: Istio's pkg/config/analysis/analyzers/telemetry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meshtutor.embedded.istio.validation import providers
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.embedded.istio.validation.rivals import Rivalry
from meshtutor.kube import objects

Object = dict[str, Any]
NO_PROVIDER: Final = "IST0157"
RIVALRY: Final = Rivalry(
    "spec.selector", "spec.selector.matchLabels", "Telemetries", "IST0159", "IST0160",
    "the later of two entries for one field holds; better one object for one workload",
)  # fmt: skip


def check(obj: Object, others: Iterable[Object], pods: Iterable[Object], mesh: Object | None) -> Problems:
    """Warnings about one Telemetry, as it stands among all of them (it may or may not be one of `others`).

    `mesh` is the ConfigMap with MeshConfig, None where it is not known.
    """
    yield from _without_providers(obj, mesh)
    yield from providers.check(obj, mesh)
    yield from RIVALRY.check(obj, others, pods)


def _without_providers(obj: Object, mesh: Object | None) -> Problems:
    if ((providers.settings(mesh) or {}).get("defaultProviders") or {}).get("accessLogging"):
        return
    for path, entry in each(objects.spec(obj).get("accessLogging"), "spec.accessLogging"):
        if not entry.get("disabled") and not entry.get("providers"):
            yield warning(
                path,
                "an entry without providers is ignored",
                "name one, as in providers: [{name: envoy}]",
                NO_PROVIDER,
            )
