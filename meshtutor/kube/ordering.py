"""The order in which objects are applied, and in reverse deleted.

What is referred to comes first: a namespace before what is in it, a ConfigMap before the pod that mounts it,
and a DestinationRule before the VirtualService that routes to its subsets. Istio's own advice is the last
one, "make before break": https://istio.io/latest/docs/ops/best-practices/traffic-management/ (avoid 503
errors while reconfiguring).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_ORDER: Final = (
    "Namespace", "CustomResourceDefinition", "ServiceAccount", "Secret", "ConfigMap", "Service", "Deployment",
    "Gateway", "WorkloadEntry", "ServiceEntry", "DestinationRule", "VirtualService", "HTTPRoute",
)  # fmt: skip
_LAST: Final = len(_ORDER)


def rank(obj: Mapping[str, Any]) -> int:
    """Smaller is earlier; unknown kinds come last, and within a kind the order of the file stays."""
    kind = obj.get("kind")
    return _ORDER.index(str(kind)) if kind in _ORDER else _LAST
