"""Which Sidecar decides what a pod's proxy knows.

Source: istio/istio, pilot/pkg/model/push_context.go (getSidecarScope): a Sidecar that selects the pod, then one of the
pod's namespace without a selector, then one of the root namespace without a selector; the oldest of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from meshtutor.kube import objects

T = TypeVar("T")
ROOT: Final = "istio-system"


class Claim(NamedTuple):
    """What is asked of a Sidecar; `age` sorts older ones first."""

    namespace: str
    selector: Mapping[str, str]
    age: tuple[str, str]


def choose(
    sidecars: Iterable[T], claim_of: Callable[[T], Claim], namespace: str, labels: Mapping[str, str]
) -> T | None:
    """The Sidecar of a pod with these labels in a namespace."""
    ordered = sorted(((claim_of(one), one) for one in sidecars), key=lambda pair: pair[0].age)
    own = [pair for pair in ordered if pair[0].namespace == namespace]
    chosen = [pair for pair in own if pair[0].selector and pair[0].selector.items() <= labels.items()]
    roots = [pair for pair in ordered if pair[0].namespace == ROOT]
    general = [pair for pair in (*own, *roots) if not pair[0].selector]
    return next((one for _, one in (*chosen, *general)), None)


def claim_of(sidecar: Mapping[str, Any]) -> Claim:
    """The same of an object of the API."""
    namespace, name = objects.namespace(sidecar), objects.name(sidecar)
    selector = (objects.spec(sidecar).get("workloadSelector") or {}).get("labels") or {}
    made = str(objects.metadata(sidecar).get("creationTimestamp", ""))
    return Claim(namespace, selector, (made, f"{name}.{namespace}"))
