"""Preference for near pods as Istio writes it: `localityLbSetting`, and what makes its failover work. Pure functions.

Istio's form: https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.answers_model import whole
from meshtutor.widgets.policies import own_rule, with_policy
from meshtutor.widgets.split_rules import Rules
from meshtutor.widgets.weights import spread

Object = dict[str, Any]
Locality = dict[str, Any]

OFF, DISTRIBUTE, FAILOVER = "off", "distribute", "failover"
MODES: Final = (OFF, DISTRIBUTE, FAILOVER)
NONE: Final[Mapping[str, Any]] = {"mode": OFF, "near": 80, "ejects": True}
EJECTION: Final[Mapping[str, Any]] = {
    "consecutive5xxErrors": 3,
    "interval": "1s",
    "baseEjectionTime": "10s",
    "maxEjectionPercent": 100,
}
_LIMITS: Final = {"near": (0, 100)}
_SETTING: Final = "localityLbSetting"
_OURS: Final = ("loadBalancer", "outlierDetection")


def checked(locality: Any) -> Locality:
    """A locality with `mode`, `near` (percent) and `ejects`; what is not named is as in NONE. MeshtutorError."""
    found = whole(locality, NONE, _LIMITS, "a preference for near pods")
    if found["mode"] not in MODES:
        raise MeshtutorError(f"mode is {found['mode']!r}.", f"Expected: {', '.join(MODES)}")
    if not isinstance(found["ejects"], bool):
        raise MeshtutorError(f"ejects is {found['ejects']!r}.", "Expected: True or False")
    return {**found, "near": round(found["near"])}


def setting(regions: Sequence[str], locality: Mapping[str, Any]) -> Object:
    """The `localityLbSetting`: for each region as the caller's the same."""
    if locality["mode"] == DISTRIBUTE:
        entries = [{"from": f"{home}/*", "to": _shares(home, regions, locality["near"])} for home in regions]
        return {"enabled": True, "distribute": entries}
    if locality["mode"] == FAILOVER:
        following = zip(regions, [*regions[1:], *regions[:1]], strict=True)
        return {"enabled": True, "failover": [{"from": home, "to": other} for home, other in following]}
    return {"enabled": False}


def destination_rule(rules: Rules, regions: Sequence[str], locality: Mapping[str, Any]) -> Object:
    """The learner's DestinationRule with this preference, or a new one; the rest of its policy stays."""
    own = own_rule(rules) or {"spec": {}}
    balancer = (own["spec"].get("trafficPolicy") or {}).get("loadBalancer") or {}
    kept = {key: value for key, value in balancer.items() if key != _SETTING}
    policy: Object = {"loadBalancer": {**kept, _SETTING: setting(regions, locality)}}
    if locality["ejects"]:
        policy["outlierDetection"] = dict(EJECTION)
    return with_policy(rules, _OURS, policy)


def _shares(home: str, regions: Sequence[str], near: int) -> dict[str, int]:
    """Percent by place, in whole numbers from 1 on: Istio takes no 0, so what gets nothing is not named."""
    far = (100 - near) / max(len(regions) - 1, 1)
    shares = spread({region: near if region == home else far for region in regions})
    return {f"{region}/*": share for region, share in shares.items() if share}
