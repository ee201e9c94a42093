"""Retries and timeouts as Istio writes them, on the routes that a service has. Pure functions of data.

Istio's form: https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.answers_model import duration, whole
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]
Retry = dict[str, Any]

DEFAULT: Final = ""
CONDITIONS: Final = (
    ("Istio's default", DEFAULT),
    ("5xx", "5xx"),
    ("gateway-error (502, 503, 504)", "gateway-error"),
    ("503 only", "503"),
    ("connect-failure", "connect-failure"),
)
NONE: Final[Mapping[str, Any]] = {"attempts": 2, "retry_on": DEFAULT, "per_try_timeout": 0.0, "timeout": 0.0}
_LIMITS: Final = {"attempts": (0, 10), "per_try_timeout": (0, 3600), "timeout": (0, 3600)}


def checked(retry: Any) -> Retry:
    """A policy with all its four fields (0 s is none); what is not named is as Istio's default."""
    found = whole(retry, NONE, _LIMITS, "a retry policy")
    if not isinstance(found["retry_on"], str):
        raise MeshtutorError(
            f"retry_on is {found['retry_on']!r}.", 'Expected text such as "5xx" or "503,connect-failure"'
        )
    return found


def istio(retry: Mapping[str, Any]) -> Object:
    """The fields of a rule: `timeout` and `retries`. Attempts 0 switch retries off, and then nothing else is said."""
    found: Object = {}
    if retry["timeout"]:
        found["timeout"] = duration(retry["timeout"])
    found["retries"] = {"attempts": int(retry["attempts"])}
    if retry["attempts"] and retry["per_try_timeout"]:
        found["retries"]["perTryTimeout"] = duration(retry["per_try_timeout"])
    if retry["attempts"] and retry["retry_on"]:
        found["retries"]["retryOn"] = retry["retry_on"]
    return found


def virtual_service(rules: Rules, retry: Mapping[str, Any]) -> Object:
    """The learner's VirtualService with the policy on each of its routes, or a new one with a single route."""
    rule = copy.deepcopy(rules.virtual_service)
    routes = rule["spec"].get("http") or [{"route": [{"destination": {"host": rules.host}}]}]
    rule["spec"]["http"] = [_with(route, istio(retry)) for route in routes]
    return rule


def _with(route: Object, policy: Object) -> Object:
    rest = {key: value for key, value in route.items() if key not in ("timeout", "retries")}
    if "route" not in rest:
        return rest
    before: Object = {key: rest.pop(key) for key in ("name", "match") if key in rest}
    return {**before, **policy, **rest}
