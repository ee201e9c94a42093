"""Label selectors as Deployments, ReplicaSets and Services carry them (meta/v1 LabelSelector)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a LabelSelector (`matchLabels` and `matchExpressions`) matches; an empty one matches all."""
    return contains(selector.get("matchLabels") or {}, labels) and all(
        matches_expression(e, labels) for e in selector.get("matchExpressions") or ()
    )


def contains(wanted: Labels, labels: Labels) -> bool:
    """Whether all `wanted` labels are there, as in a Service's or a pod's `nodeSelector`."""
    return all(labels.get(name) == value for name, value in wanted.items())


def matches_expression(expression: Mapping[str, Any], labels: Labels) -> bool:
    """One requirement: In, NotIn, Exists, DoesNotExist; Gt and Lt as nodes' affinity has them.

    NotIn also matches where the label is absent (k8s.io/apimachinery/pkg/labels/selector.go).
    """
    value, values = labels.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str | None, values: list[str]) -> bool:
    try:
        have, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > limit if operator == "Gt" else have < limit
