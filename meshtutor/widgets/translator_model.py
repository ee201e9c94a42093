"""The model of a route translator: a route in, one of its two forms in force, and who answered under each form.

It knows no widget and no HTTP. `route` is what the mesh has; `compare()` puts both forms in force, one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from traitlets import Dict, Tuple

from meshtutor.display.yaml import dump
from meshtutor.errors import MeshtutorError
from meshtutor.traffic.statistics import same_share_test
from meshtutor.widgets import translator_rules
from meshtutor.widgets.match_rules import Probe
from meshtutor.widgets.rule_model import Apply, Object, RuleModel
from meshtutor.widgets.translator_rules import FORMS, Backends, Route

Counts = Counter[str]
Send = Callable[[Probe], Counts]


_FALSE_ALARM: Final = 0.001
"""How often two forms that answer alike are said to differ, over all requests of the table."""


class TranslatorModel(RuleModel):
    """A route for one service, in either form.

    `answers` has for each form the counts by version (or status), one for each of `probes`; a form that was not
    measured with the route in force has none. `alike` says whether the two forms answer alike.
    """

    answers = Dict()
    probes = Tuple()

    def __init__(self, backends: Backends, probes: tuple[Probe, ...], apply: Apply, send: Send) -> None:
        self.backends = backends
        self._send = send
        self._measured: Route = {}
        super().__init__(apply)
        self.probes = probes
        self.draft = translator_rules.checked({"path": "/reviews", "user": "jason", "percent": 100})

    @property
    def route(self) -> Route:
        """The route in force: form, path_kind, path, user, percent (of what matches, to the chosen version)."""
        return self._value

    @route.setter
    def route(self, wanted: Route) -> None:
        self.use(wanted)

    def compare(self, route: Route | None = None) -> bool | None:
        """Both forms of a route (or of the draft) in force, one after the other; whether they answer alike."""
        wanted = translator_rules.checked(route if route is not None else self.draft)
        first = next(form for form in FORMS if form != wanted["form"])
        for form in (first, wanted["form"]):
            self.use({**wanted, "form": form})
        return self.alike

    def settle_both(self) -> bool:
        """`compare()` for the form: False if it was refused, then `message` says why."""
        try:
            self.compare()
        except MeshtutorError as error:
            self.tone, self.message = "bad", str(error)
            return False
        return True

    @property
    def alike(self) -> bool | None:
        """None until both forms have answered; False only where chance would not make such a difference."""
        if set(self.answers) != set(FORMS):
            return None
        pairs = list(zip(*(self.answers[form] for form in FORMS), strict=True))
        return all(_alike(one, other, _FALSE_ALARM / len(pairs)) for one, other in pairs)

    def texts(self) -> dict[str, str]:
        """The YAML of the draft in each form."""
        return {
            form: dump(translator_rules.written(self.backends, {**self.draft, "form": form})[0])
            for form in FORMS
        }

    def written(self, value: Route) -> list[Object]:
        """See RuleModel."""
        return translator_rules.written(self.backends, value)

    def checked(self, value: Any) -> Route:
        """See RuleModel."""
        return translator_rules.checked(value)

    def followed(self) -> str:
        """Send the requests; what was measured under another route is forgotten."""
        said = {name: value for name, value in self.route.items() if name != "form"}
        before = dict(self.answers) if said == self._measured else {}
        self._measured = said
        counted = tuple(self._send(probe) for probe in self.probes)
        self.answers = {**before, self.route["form"]: counted}
        verdict = {None: "", True: " · both forms answer alike", False: " · the forms differ"}[self.alike]
        return f"{self.route['form']} in force{verdict}"

    def forget(self) -> None:
        """See RuleModel."""
        super().forget()
        self.answers, self._measured = {}, {}


def _alike(one: Counts, other: Counts, false_alarm: float) -> bool:
    names = set(one) | set(other)
    return all(
        same_share_test(one[name], one.total(), other[name], other.total()) >= false_alarm / len(names)
        for name in names
    )
