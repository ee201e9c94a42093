"""Load balancing as Istio writes it: an algorithm, or a key that sticks to a pod. Pure functions.

Istio's form: https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.answers_model import whole
from meshtutor.widgets.policies import with_policy
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]
Balancer = dict[str, Any]

SIMPLE: Final = ("LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH")
HASHES: Final = ("ringHash", "maglev")
NAME: Final = "end-user"
KEYS: Final[Mapping[str, Object]] = {
    "httpHeaderName": {"httpHeaderName": NAME},
    "httpCookie": {"httpCookie": {"name": NAME, "ttl": "90s"}},
    "httpQueryParameterName": {"httpQueryParameterName": NAME},
    "useSourceIp": {"useSourceIp": True},
}
DEFAULT: Final[Mapping[str, Any]] = {"algorithm": "LEAST_REQUEST", "key": "httpHeaderName", "user": ""}
_MAGLEV_TABLE: Final = 1009  # a prime, as Envoy wants it; 65537, the default, takes a while to fill


def checked(balancer: Any) -> Balancer:
    """A balancer with all its three fields; what is not named is as in DEFAULT. MeshtutorError names what is wrong."""
    found = whole(balancer, DEFAULT, {}, "a way to balance")
    for name, known in {"algorithm": (*SIMPLE, *HASHES), "key": tuple(KEYS)}.items():
        if found[name] not in known:
            raise MeshtutorError(f"{name} is {found[name]!r}.", f"Expected one of {', '.join(known)}")
    user = found["user"]
    if not isinstance(user, str) or not all(letter.isalnum() or letter == "-" for letter in user):
        raise MeshtutorError(f"user is {user!r}.", "Expected letters, digits and dashes; empty for everybody")
    return found


def istio(balancer: Mapping[str, Any]) -> Object:
    """The `trafficPolicy`; who sends (`user`) is no part of it."""
    algorithm = balancer["algorithm"]
    if algorithm in SIMPLE:
        return {"loadBalancer": {"simple": algorithm}}
    table = {"maglev": {"tableSize": _MAGLEV_TABLE}} if algorithm == "maglev" else {}
    return {"loadBalancer": {"consistentHash": {**KEYS[balancer["key"]], **table}}}


def destination_rule(rules: Rules, balancer: Mapping[str, Any]) -> Object:
    """The learner's DestinationRule with this algorithm, or a new one; the rest of its policy stays."""
    return with_policy(rules, ("loadBalancer",), istio(balancer))
