"""The model of a rule whose effect is seen in the answers: numbers in, the rule applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.rule_model import RuleModel

Limits = Mapping[str, tuple[float, float]]


class AnswersModel(RuleModel):
    """A rule for one service; `target` are the shares of statuses to expect (0..1), empty if there are none."""

    @property
    def target(self) -> dict[str, float]:
        """See the class."""
        return {}


def whole(value: Any, default: Mapping[str, Any], limits: Limits, what: str) -> dict[str, Any]:
    """A value with all its fields; what is not named is as in `default`. MeshtutorError names what is wrong."""
    if not isinstance(value, Mapping) or set(value) - set(default):
        raise MeshtutorError(f"{value!r} is not {what}.", f"It may have: {', '.join(default)}")
    found = {**default, **value}
    for name, (low, high) in limits.items():
        number = found[name]
        if not isinstance(number, int | float) or isinstance(number, bool) or not low <= number <= high:
            raise MeshtutorError(f"{name} is {number!r}.", f"Expected a number from {low:g} to {high:g}")
    return found


def duration(seconds: float) -> str:
    """Seconds as Istio writes them, in whole milliseconds: `2s`, `250ms`."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"
