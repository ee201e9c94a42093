"""Telemetry objects together: those of which only one counts, and those that choose nobody.

Source: Istio's pkg/config/analysis/analyzers/telemetry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meshtutor.embedded.istio.validation import providers
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
NO_PROVIDER: Final = "IST0157"
SAME_PODS: Final = "IST0159"
SAME_NAMESPACE: Final = "IST0160"
NOT_FOUND: Final = "IST0101"


def check(obj: Object, others: Iterable[Object], pods: Iterable[Object], mesh: Object | None) -> Problems:
    """Warnings about one Telemetry, as it stands among all of them (it may or may not be one of `others`).

    `mesh` is the ConfigMap with MeshConfig, None where it is not known.
    """
    yield from _without_providers(obj, mesh)
    yield from providers.check(obj, mesh)
    near = [one for one in others if _is_near(one, obj)]
    selector = _selector(obj)
    if not selector:
        yield from _several_for_all(obj, near)
        return
    mine = [pod for pod in pods if _chooses(obj, pod)]
    if not mine:
        wanted = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        yield warning("spec.selector", f"the selector {wanted} chooses no pod", "", NOT_FOUND)
    rivals = [one for one in near if _selector(one) and any(_chooses(one, pod) for pod in mine)]
    if rivals:
        yield warning(
            "spec.selector",
            f"{_names(rivals)} selects pods that this one selects, too",
            "the later of two entries for one field holds; better one object for one workload",
            SAME_PODS,
        )


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


def _several_for_all(obj: Object, near: Iterable[Object]) -> Problems:
    rivals = [one for one in near if not _selector(one)]
    if rivals:
        yield warning(
            "spec",
            f"namespace {objects.namespace(obj)} has other Telemetries without a selector: {_names(rivals)}",
            "the oldest of them holds, the others are ignored",
            SAME_NAMESPACE,
        )


def _is_near(one: Object, obj: Object) -> bool:
    """Whether it is another object of the same namespace."""
    return objects.namespace(one) == objects.namespace(obj) and objects.name(one) != objects.name(obj)


def _selector(obj: Object) -> dict[str, str]:
    return (objects.spec(obj).get("selector") or {}).get("matchLabels") or {}


def _chooses(obj: Object, pod: Object) -> bool:
    same = objects.namespace(pod) == objects.namespace(obj)
    return same and _selector(obj).items() <= objects.labels(pod).items()


def _names(found: Iterable[Object]) -> str:
    return ", ".join(sorted(objects.name(one) for one in found))
