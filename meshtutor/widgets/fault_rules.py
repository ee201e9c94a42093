"""A fault as Istio writes it, on the routes that a service has. Pure functions of data.

Istio's form: https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from meshtutor.widgets.answers_model import duration, whole
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]
Fault = dict[str, Any]

NONE: Final[Mapping[str, float]] = {
    "abort_percent": 0,
    "abort_status": 503,
    "delay_percent": 0,
    "delay_seconds": 1.0,
}
_LIMITS: Final = {
    "abort_percent": (0, 100),
    "abort_status": (200, 599),  # what Istio's validation takes
    "delay_percent": (0, 100),
    "delay_seconds": (0.001, 3600),
}


def checked(fault: Any) -> Fault:
    """A fault with all its four numbers; what is not named is as in NONE. MeshtutorError names what is wrong."""
    return whole(fault, NONE, _LIMITS, "a fault")


def istio(fault: Mapping[str, Any]) -> Object:
    """The `fault` of a route; empty if there is none."""
    found: Object = {}
    if fault["delay_percent"]:
        found["delay"] = {
            "percentage": {"value": fault["delay_percent"]},
            "fixedDelay": duration(fault["delay_seconds"]),
        }
    if fault["abort_percent"]:
        found["abort"] = {
            "percentage": {"value": fault["abort_percent"]},
            "httpStatus": fault["abort_status"],
        }
    return found


def virtual_service(rules: Rules, fault: Mapping[str, Any]) -> Object:
    """The learner's VirtualService with the fault on each of its routes, or a new one with a single route."""
    rule = copy.deepcopy(rules.virtual_service)
    routes = rule["spec"].get("http") or [{"route": [{"destination": {"host": rules.host}}]}]
    rule["spec"]["http"] = [_with_fault(route, istio(fault)) for route in routes]
    return rule


def _with_fault(route: Object, fault: Object) -> Object:
    """The fault stands before the route, as in Istio's documentation; redirects and the like have none."""
    rest = {key: value for key, value in route.items() if key != "fault"}
    if not fault or "route" not in rest:
        return rest
    before: Object = {key: rest.pop(key) for key in ("name", "match") if key in rest}
    return {**before, "fault": fault, **rest}
