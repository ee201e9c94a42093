"""The model of a load balancer: an algorithm and a key in, the rule applied. It knows no widget and no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.widgets import balancer_rules
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.balancer_rules import Balancer
from meshtutor.widgets.rule_model import Apply, Object
from meshtutor.widgets.split_rules import Rules


class BalancerModel(AnswersModel):
    """`algorithm` as Istio writes it, or `ringHash` or `maglev`; then `key` says what is hashed.

    `user` is who sends, empty for everybody in turn; it is no part of the rule, but starts the counting anew as well.
    """

    def __init__(self, rules: Rules, apply: Apply) -> None:
        self._rules = rules
        super().__init__(apply)
        self.draft = dict(balancer_rules.DEFAULT)

    @property
    def balancer(self) -> Balancer:
        """What is in force; empty before the first. Setting it returns when every proxy has the rule."""
        return self._value

    @balancer.setter
    def balancer(self, wanted: Mapping[str, Any]) -> None:
        self.use(wanted)

    def written(self, value: Balancer) -> list[Object]:
        """See RuleModel."""
        return [balancer_rules.destination_rule(self._rules, value)]

    def checked(self, value: Any) -> Balancer:
        """See RuleModel."""
        return balancer_rules.checked(value)
