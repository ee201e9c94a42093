"""The model of an egress policy: a mode, the registered hosts, and what became of a request for each destination.

It knows no widget and no HTTP. `policy` is what the mesh has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from traitlets import Tuple

from meshtutor.display.yaml import dump
from meshtutor.widgets import egress_rules
from meshtutor.widgets.egress_rules import Policy, Surroundings
from meshtutor.widgets.rule_model import Apply, Object, RuleModel

HEADINGS: Final = ("destination", "status", "flag", "who answered", "the sidecar's way")


@dataclass(frozen=True)
class Passage:
    """What became of a request: `status` 0 for no answer, Envoy's `flag`, who answered.

    `way` is the cluster that the caller's sidecar has for it, or the virtual host that answers itself.
    """

    destination: str
    status: int
    flag: str = ""
    who: str = ""
    way: str = ""

    @property
    def ok(self) -> bool:
        """Whether an application answered, and well."""
        return 0 < self.status < 400

    @property
    def words(self) -> tuple[str, str, str, str, str]:
        """A row of the table."""
        return self.destination, str(self.status or "none"), self.flag or "-", self.who or "-", self.way


Call = Callable[[str], Passage]


class EgressModel(RuleModel):
    """A policy for what leaves a namespace; `passages` has a Passage for each of `destinations`, in their order."""

    passages = Tuple()

    def __init__(self, around: Surroundings, destinations: tuple[str, ...], apply: Apply, call: Call) -> None:
        self.around = around
        self.destinations = destinations
        self._call = call
        super().__init__(apply)
        self.draft = egress_rules.checked({}, around.hosts)

    @property
    def policy(self) -> Policy:
        """The policy in force: mode, registered (of the hosts that can be)."""
        return self._value

    @policy.setter
    def policy(self, wanted: Policy) -> None:
        self.use(wanted)

    def passage(self, destination: str) -> Passage:
        """What became of the request for a destination under the policy in force; KeyError if none was sent."""
        found: dict[str, Passage] = {one.destination: one for one in self.passages}
        return found[destination]

    def written(self, value: Policy) -> list[Object]:
        """See RuleModel."""
        return egress_rules.written(self.around, value)

    def shown(self, value: Policy) -> str:
        """See RuleModel; all of them."""
        return "---\n".join(map(dump, self.written(value)))

    def checked(self, value: Any) -> Policy:
        """See RuleModel."""
        return egress_rules.checked(value, self.around.hosts)

    def followed(self) -> str:
        """Call every destination."""
        self.passages = tuple(map(self._call, self.destinations))
        reached = sum(one.ok for one in self.passages)
        return f"{self.policy['mode']}: {reached} of {len(self.passages)} destinations answer"

    def forget(self) -> None:
        """See RuleModel."""
        super().forget()
        self.passages = ()
