"""The model of a mirror: a share in, the rule applied. It knows no widget and no HTTP."""

from __future__ import annotations

from typing import Any

from meshtutor.widgets import mirror_rules
from meshtutor.widgets.rule_model import Apply, Object, RuleModel, Value
from meshtutor.widgets.split_rules import Rules


class MirrorModel(RuleModel):
    """Which share of the requests for the version `live` is copied to the version `dark`, in percent."""

    def __init__(self, rules: Rules, live: str, dark: str, apply: Apply) -> None:
        self._rules = rules
        self.live, self.dark = live, dark
        super().__init__(apply)
        self.draft = {"percent": 0}

    @property
    def percent(self) -> float:
        """The share in force; 0 before the first rule. Setting it returns when every proxy has the rule."""
        return float(self._value.get("percent", 0))

    @percent.setter
    def percent(self, wanted: float) -> None:
        self.use({"percent": wanted})

    def written(self, value: Value) -> list[Object]:
        """See RuleModel."""
        return mirror_rules.objects(self._rules, self.live, self.dark, value["percent"])

    def checked(self, value: Any) -> Value:
        """See RuleModel."""
        return mirror_rules.checked(value)
