"""An object as it was written, without what the API server added to it."""

from __future__ import annotations

import copy
from typing import Any, Final

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_KEPT: Final = ("name", "namespace", "labels", "annotations")


def clean(obj: dict[str, Any]) -> dict[str, Any]:
    """Name, namespace, labels, annotations and spec: what can be shown, and applied again."""
    meta = copy.deepcopy(obj["metadata"])
    meta.get("annotations", {}).pop(_LAST_APPLIED, None)
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "metadata": {key: meta[key] for key in _KEPT if meta.get(key)},
        "spec": copy.deepcopy(obj["spec"]),
    }
