"""Sidecars together: those of which only one counts, and those that choose nobody.

Source: Istio's pkg/config/analysis/analyzers/sidecar (SelectorAnalyzer).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meshtutor.embedded.istio.validation.problem import Problems, warning
from meshtutor.kube import objects

Object = dict[str, Any]
SAME_PODS: Final = "IST0110"
SAME_NAMESPACE: Final = "IST0111"
NOT_FOUND: Final = "IST0101"
_OLDEST: Final = "the oldest of them holds, the others are ignored"


def check(obj: Object, others: Iterable[Object], pods: Iterable[Object]) -> Problems:
    """Warnings about one Sidecar, as it stands among all of them (it may or may not be one of `others`)."""
    near = [one for one in others if _is_near(one, obj)]
    selector = _selector(obj)
    if not selector:
        yield from _several_for_all(obj, near)
        return
    mine = [pod for pod in pods if _chooses(obj, pod)]
    if not mine:
        wanted = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        yield warning("spec.workloadSelector", f"the selector {wanted} chooses no pod", "", NOT_FOUND)
    rivals = [one for one in near if _selector(one) and any(_chooses(one, pod) for pod in mine)]
    if rivals:
        message = f"{_names(rivals)} selects pods that this one selects, too"
        yield warning("spec.workloadSelector", message, f"for those pods {_OLDEST}", SAME_PODS)


def _several_for_all(obj: Object, near: Iterable[Object]) -> Problems:
    if rivals := [one for one in near if not _selector(one)]:
        where = f"namespace {objects.namespace(obj)} has other Sidecars without a selector"
        yield warning("spec", f"{where}: {_names(rivals)}", _OLDEST, SAME_NAMESPACE)


def _is_near(one: Object, obj: Object) -> bool:
    """Whether it is another object of the same namespace."""
    return objects.namespace(one) == objects.namespace(obj) and objects.name(one) != objects.name(obj)


def _selector(obj: Object) -> dict[str, str]:
    return (objects.spec(obj).get("workloadSelector") or {}).get("labels") or {}


def _chooses(obj: Object, pod: Object) -> bool:
    same = objects.namespace(pod) == objects.namespace(obj)
    return same and _selector(obj).items() <= objects.labels(pod).items()


def _names(found: Iterable[Object]) -> str:
    return ", ".join(sorted(objects.name(one) for one in found))
