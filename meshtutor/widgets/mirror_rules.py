"""A mirror as Istio writes it: one version answers everybody, another gets copies. Pure functions of data.

Istio's form: https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute, `mirror`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]


def checked(value: Any) -> Object:
    """`{"percent": 0 to 100}`; MeshtutorError names what is wrong."""
    percent = value.get("percent") if isinstance(value, Mapping) else None
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        raise MeshtutorError(f"The share of copies is {percent!r}.", "Expected a number from 0 to 100")
    return {"percent": percent}


def objects(rules: Rules, live: str, dark: str, percent: float) -> list[Object]:
    """One rule: all requests go to the subset `live`, a share of them is copied to `dark`; 0 % is no mirror at all."""
    route: Object = {"route": [{"destination": {"host": rules.host, "subset": live}}]}
    if percent:
        route["mirror"] = {"host": rules.host, "subset": dark}
        route["mirrorPercentage"] = {"value": percent}
    rule = copy.deepcopy(rules.virtual_service)
    rule["spec"]["http"] = [route]
    return [rule, *([rules.destination_rule] if rules.destination_rule else [])]
