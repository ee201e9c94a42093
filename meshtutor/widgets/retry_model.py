"""The model of a retry tuner: a policy in, the rule applied. It knows no widget and no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.widgets import retry_rules
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.retry_rules import Retry
from meshtutor.widgets.rule_model import Apply, Object
from meshtutor.widgets.split_rules import Rules


class RetryModel(AnswersModel):
    """Retries and timeouts for one service: `attempts`, `retry_on`, and in seconds `per_try_timeout` and `timeout`."""

    def __init__(self, rules: Rules, apply: Apply) -> None:
        self._rules = rules
        super().__init__(apply)
        self.draft = dict(retry_rules.NONE)

    @property
    def policy(self) -> Retry:
        """The policy in force; empty before the first. Setting it returns when every proxy has the rule."""
        return self._value

    @policy.setter
    def policy(self, wanted: Mapping[str, Any]) -> None:
        self.use(wanted)

    def written(self, value: Retry) -> list[Object]:
        """See RuleModel."""
        return [retry_rules.virtual_service(self._rules, value)]

    def checked(self, value: Any) -> Retry:
        """See RuleModel."""
        return retry_rules.checked(value)
