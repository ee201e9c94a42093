"""The model of a circuit breaker: five numbers in, the rule applied. It knows no widget and no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.widgets import breaker_rules
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.breaker_rules import Breaker
from meshtutor.widgets.rule_model import Apply, Object
from meshtutor.widgets.split_rules import Rules


class BreakerModel(AnswersModel):
    """Limits for one service, 0 for none: `max_connections`, `max_pending`, `consecutive_5xx`.

    How outliers fare say `base_ejection_seconds` and `max_ejection_percent`.
    """

    def __init__(self, rules: Rules, apply: Apply) -> None:
        self._rules = rules
        super().__init__(apply)
        self.draft = dict(breaker_rules.NONE)

    @property
    def breaker(self) -> Breaker:
        """The limits in force; empty before the first. Setting them returns when every proxy has the rule."""
        return self._value

    @breaker.setter
    def breaker(self, wanted: Mapping[str, Any]) -> None:
        self.use(wanted)

    def written(self, value: Breaker) -> list[Object]:
        """See RuleModel."""
        return [breaker_rules.destination_rule(self._rules, value)]

    def checked(self, value: Any) -> Breaker:
        """See RuleModel."""
        return breaker_rules.checked(value)
