"""Label selectors as Deployments, ReplicaSets and Services carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.kube.selectors import LabelSelector

Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a LabelSelector (meta/v1) matches; an empty one matches all."""
    if not selector.get("matchExpressions"):
        return contains(selector.get("matchLabels") or {}, labels)
    return LabelSelector.of(selector).matches(labels)


def contains(wanted: Labels, labels: Labels) -> bool:
    """Whether all `wanted` labels are there, as in a Service's selector or a pod's `nodeSelector`."""
    return all(labels.get(name) == value for name, value in wanted.items())
