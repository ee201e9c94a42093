"""Circuit breakers as Istio writes them: the limits of a connection pool, and the ejection of outliers. Pure functions.

Istio's form: https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings and
#OutlierDetection
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshtutor.widgets.answers_model import duration, whole
from meshtutor.widgets.policies import with_policy
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]
Breaker = dict[str, Any]

NONE: Final[Mapping[str, Any]] = {
    "max_connections": 0,
    "max_pending": 0,
    "consecutive_5xx": 0,
    "base_ejection_seconds": 3.0,
    "max_ejection_percent": 10,
}
_INTERVAL: Final = "1s"
_LIMITS: Final = {
    "max_connections": (0, 10_000),
    "max_pending": (0, 10_000),
    "consecutive_5xx": (0, 1000),
    "base_ejection_seconds": (0.001, 3600),
    "max_ejection_percent": (0, 100),
}


def checked(breaker: Any) -> Breaker:
    """A breaker with all its five numbers, 0 for no limit; what is not named is as in NONE. MeshtutorError."""
    return whole(breaker, NONE, _LIMITS, "a circuit breaker")


def istio(breaker: Mapping[str, Any]) -> Object:
    """The `trafficPolicy`; empty if there is no limit."""
    policy: Object = {}
    if breaker["max_connections"]:
        policy.setdefault("connectionPool", {})["tcp"] = {"maxConnections": int(breaker["max_connections"])}
    if breaker["max_pending"]:
        pending = {"http1MaxPendingRequests": int(breaker["max_pending"])}
        policy.setdefault("connectionPool", {})["http"] = pending
    if breaker["consecutive_5xx"]:
        policy["outlierDetection"] = {
            "consecutive5xxErrors": int(breaker["consecutive_5xx"]),
            "interval": _INTERVAL,
            "baseEjectionTime": duration(breaker["base_ejection_seconds"]),
            "maxEjectionPercent": int(breaker["max_ejection_percent"]),
        }
    return policy


def destination_rule(rules: Rules, breaker: Mapping[str, Any]) -> Object:
    """The learner's DestinationRule with these limits, or a new one; the rest of its policy stays."""
    return with_policy(rules, _OURS, istio(breaker))


_OURS: Final = ("connectionPool", "outlierDetection")
