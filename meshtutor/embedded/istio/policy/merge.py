"""Which settings hold for a port of a subset (pilot/pkg/networking/util: MergeTrafficPolicy).

A subset's setting replaces the rule's as a whole, field by field of the policy; a port's settings replace everything
that ports can have and inherit nothing of it, as the API reference says. What ports cannot have (`retryBudget`) goes
with the level: a port of the rule has none, a port of a subset has the rule's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Policy = Mapping[str, Any]
_PER_PORT: Final = ("connectionPool", "loadBalancer", "outlierDetection", "tls")
_INHERITED: Final = (*_PER_PORT, "retryBudget")


def effective(top: Policy, subset: Policy, port: int) -> dict[str, Any]:
    """The policy of a subset (empty: of none) for a port, from the rule's and the subset's `trafficPolicy`."""
    return _override(_override({}, top, port), subset, port)


def _override(base: Policy, policy: Policy, port: int) -> dict[str, Any]:
    merged = {**base, **{name: policy[name] for name in _INHERITED if policy.get(name) is not None}}
    for settings in policy.get("portLevelSettings") or ():
        if (settings.get("port") or {}).get("number") == port:
            kept = {name: value for name, value in base.items() if name not in _PER_PORT}
            return kept | {name: settings[name] for name in _PER_PORT if settings.get(name) is not None}
    return merged
