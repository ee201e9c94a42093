"""A DestinationRule with some fields of its trafficPolicy replaced. Pure functions."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]


def with_policy(rules: Rules, ours: Collection[str], policy: Mapping[str, Any]) -> Object:
    """The learner's DestinationRule, or a new one, with `policy` in place of its fields `ours`; the rest stays."""
    own = own_rule(rules)
    rule = copy.deepcopy(own) if own else _empty(rules.host)
    before = rule["spec"].pop("trafficPolicy", None) or {}
    kept = {key: value for key, value in before.items() if key not in ours}
    if whole := {**kept, **policy}:
        rule["spec"]["trafficPolicy"] = whole
    return rule


def own_rule(rules: Rules) -> Object | None:
    """The learner's DestinationRule as it was, if there is one."""
    return next((obj for obj in rules.own if obj["kind"] == "DestinationRule"), None)


def _empty(host: str) -> Object:
    meta = {"name": host}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": meta,
        "spec": {"host": host},
    }
