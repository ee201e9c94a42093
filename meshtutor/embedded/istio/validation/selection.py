"""Subsets that select no pod: requests for them are answered with 503 (UH).

Source: Istio's pkg/config/analysis/analyzers/destinationrule/subset.go. Left out: subsets of a ServiceEntry's host,
whose endpoints need not be pods, and subsets by labels of the nodes' locality, which Istio adds to endpoints.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from meshtutor.embedded.istio.policy.locality import TOPOLOGY
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
NO_PODS: Final = "IST0173"


def subsets_without_pods(rule: Object, service: Object, pods: Iterable[Object]) -> Problems:
    """A warning for each subset of a DestinationRule to whose labels no pod of the Service answers."""
    selector = objects.spec(service).get("selector") or {}
    mine = [pod for pod in pods if _answers(pod, service, selector)]
    for path, subset in each(objects.spec(rule).get("subsets"), "spec.subsets"):
        wanted = subset.get("labels") or {}
        if wanted.keys() & TOPOLOGY:
            continue
        if mine and not any(wanted.items() <= objects.labels(pod).items() for pod in mine):
            yield warning(
                f"{path}.labels",
                f"the subset {subset.get('name', '')!r} does not select any pod",
                f"requests for it are answered with 503; the pods have {_values(mine, wanted)}",
                NO_PODS,
            )


def _answers(pod: Object, service: Object, selector: dict[str, str]) -> bool:
    same = objects.namespace(pod) == objects.namespace(service)
    return same and bool(selector) and selector.items() <= objects.labels(pod).items()


def _values(pods: Iterable[Object], wanted: dict[str, str]) -> str:
    """What the pods have for the keys that the subset asks for."""
    found = {
        f"{key}={objects.labels(pod)[key]}" for pod in pods for key in wanted if key in objects.labels(pod)
    }
    return ", ".join(sorted(found)) or f"no label {', '.join(wanted)}"
