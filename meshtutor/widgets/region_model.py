"""The model of a map of regions: a preference for near pods in, the rule applied; and regions that are made to fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from traitlets import Tuple

from meshtutor.errors import MeshtutorError
from meshtutor.widgets import region_rules
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.region_rules import Locality
from meshtutor.widgets.rule_model import Apply, Object
from meshtutor.widgets.split_rules import Rules

Break = Callable[[str, bool], None]
"""Lets the pods of a region fail, or heals them."""


class RegionModel(AnswersModel):
    """`mode` off, distribute or failover; `near` percent that stay, for distribute; `ejects`: with outlierDetection.

    `broken` are the regions that fail; set `failed` to change them.
    """

    broken = Tuple()

    def __init__(self, rules: Rules, regions: Sequence[str], apply: Apply, break_: Break) -> None:
        self._rules, self.regions = rules, tuple(regions)
        self._break = break_
        super().__init__(apply)
        self.draft = dict(region_rules.NONE)

    @property
    def locality(self) -> Locality:
        """The preference in force; empty before the first. Setting it returns when every proxy has the rule."""
        return self._value

    @locality.setter
    def locality(self, wanted: Mapping[str, Any]) -> None:
        self.use(wanted)

    @property
    def failed(self) -> frozenset[str]:
        """The regions whose pods answer 503. Setting it returns when their pods know; MeshtutorError for an unknown."""
        return frozenset(self.broken)

    @failed.setter
    def failed(self, wanted: Collection[str]) -> None:
        if unknown := set(wanted) - set(self.regions):
            raise MeshtutorError(f"No region {min(unknown)!r}.", f"There are: {', '.join(self.regions)}")
        for region in sorted(set(wanted) ^ set(self.broken)):
            self._break(region, region in wanted)
        self.broken = tuple(sorted(wanted))

    def written(self, value: Locality) -> list[Object]:
        """See RuleModel."""
        return [region_rules.destination_rule(self._rules, self.regions, value)]

    def checked(self, value: Any) -> Locality:
        """See RuleModel."""
        return region_rules.checked(value)
