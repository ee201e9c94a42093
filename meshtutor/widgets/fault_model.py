"""The model of a fault injector: four numbers in, the rule applied. It knows no widget and no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.widgets import fault_rules
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.fault_rules import Fault
from meshtutor.widgets.rule_model import Apply, Object
from meshtutor.widgets.split_rules import Rules


class FaultModel(AnswersModel):
    """A fault on the way to one service: `abort_percent`, `abort_status`, `delay_percent`, `delay_seconds`."""

    def __init__(self, rules: Rules, apply: Apply) -> None:
        self._rules = rules
        super().__init__(apply)
        self.draft = dict(fault_rules.NONE)

    @property
    def fault(self) -> Fault:
        """The fault in force; empty before the first. Setting it returns when every proxy has the rule."""
        return self._value

    @fault.setter
    def fault(self, wanted: Mapping[str, Any]) -> None:
        self.use(wanted)

    @property
    def target(self) -> dict[str, float]:
        """The shares of statuses to expect (0..1) under the fault in force; empty if there is none."""
        if not self._value:
            return {}
        failing, status = self._value["abort_percent"] / 100, str(self._value["abort_status"])
        return {"200": 1.0} if status == "200" else {"200": 1 - failing, status: failing}

    def written(self, value: Fault) -> list[Object]:
        """See RuleModel."""
        return [fault_rules.virtual_service(self._rules, value)]

    def checked(self, value: Any) -> Fault:
        """See RuleModel."""
        return fault_rules.checked(value)
