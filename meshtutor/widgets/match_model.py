"""The model of a match builder: a match in, the rule applied, a table of requests sent, rows out.

It knows no widget and no HTTP. `match` is what the mesh has; setting it applies the rule, sends the requests
and returns when all have been answered. `draft` is what the form says; `settle()` makes it the match.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from traitlets import Tuple

from meshtutor.widgets import match_rules
from meshtutor.widgets.match_rules import Match, Probe
from meshtutor.widgets.rule_model import Apply, Object, RuleModel
from meshtutor.widgets.split_rules import Rules


@dataclass(frozen=True)
class Row:
    """What became of one request: who answered, which rule of the `http` list took it, and why."""

    probe: Probe
    version: str
    status: int
    rule: str
    why: str
    caught: bool


Try = Callable[[str], tuple[Row, ...]]


class MatchModel(RuleModel):
    """A match for one service: what it catches goes to the version `caught`, the rest to `rest`.

    `rows` are the requests and who answered them under the match in force (empty before the first).
    """

    rows = Tuple()

    def __init__(self, rules: Rules, caught: str, rest: str, apply: Apply, send: Try) -> None:
        self._rules, self.caught, self.rest = rules, caught, rest
        self._send = send
        super().__init__(apply)
        self.draft = {"headers": {match_rules.USER: {"exact": "jason"}}}

    @property
    def match(self) -> Match:
        """The match in force, in Istio's form; an empty one catches every request."""
        return self._value

    @match.setter
    def match(self, wanted: Match) -> None:
        self.use(wanted)

    def written(self, value: Match) -> list[Object]:
        """See RuleModel."""
        return match_rules.objects(self._rules, value, self.caught, self.rest)

    def checked(self, value: Any) -> Match:
        """See RuleModel."""
        return match_rules.checked(value)

    def followed(self) -> str:
        """Send the requests."""
        self.rows = self._send(self.caught)
        return f"{sum(row.caught for row in self.rows)} of {len(self.rows)} requests caught"

    def forget(self) -> None:
        """See RuleModel."""
        super().forget()
        self.rows = ()
