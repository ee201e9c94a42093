"""`MatchBuilder`: build a match from conditions, and see which requests it catches."""

from __future__ import annotations

from typing import Any

from meshtutor import xray
from meshtutor.display import surroundings, text
from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh
from meshtutor.traffic.outcome import Outcome
from meshtutor.widgets import match_rules
from meshtutor.widgets.match_model import MatchModel, Row
from meshtutor.widgets.match_rules import PROBES, Probe
from meshtutor.widgets.own_rules import find_rules, restore


class MatchBuilder:
    """A form for the conditions of a match, the YAML it writes, and a table of requests that are really sent.

    What the match catches goes to the service's last version, the rest to its first. Without a browser
    `builder.model.match = {"uri": {"prefix": "/reviews"}}` does what the form does, and `builder.model.rows`
    says what became of each request. MeshtutorError if the service has fewer than two versions.
    """

    def __init__(
        self, mesh: Mesh, service: str, probes: tuple[Probe, ...] = PROBES, from_pod: str = "client"
    ) -> None:
        self.mesh = mesh
        self.service = service
        self.probes = probes
        self.rules = find_rules(mesh, service)
        self._from_pod = from_pod
        self._view: Any = None
        if len(self.rules.subsets) < 2:
            raise MeshtutorError(
                f"A match shows itself by who answers, and {service} has one version only.",
                "Its pods need a label `version` with at least two values; reviews has v1, v2 and v3",
            )
        caught, rest = self.rules.subsets[-1], self.rules.subsets[0]
        self.model = MatchModel(self.rules, caught, rest, mesh.apply, self._try)

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        restore(self.mesh, self.model.written(self.model.draft), self.rules.own)
        self.model.forget()

    def close(self) -> None:
        """Take the widget out of the page; the rule stays."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _try(self, caught: str) -> tuple[Row, ...]:
        """Send every request once, and read in Envoy's own routes which rule took it."""
        envoy = self._envoy()
        return tuple(self._row(probe, envoy, caught) for probe in self.probes)

    def _row(self, probe: Probe, envoy: xray.Envoy | None, caught: str) -> Row:
        report = self.mesh.send(
            self.service,
            1,
            path=probe.path,
            method=probe.method,
            headers=probe.headers,
            from_pod=self._from_pod,
        )
        (outcome,) = report
        rule, why = self._read(
            envoy, xray.Call.to(report.url, method=probe.method, headers=dict(probe.headers))
        )
        return Row(probe, outcome.version or "none", outcome.status, rule, why or _trouble(outcome),
                   outcome.version == caught)  # fmt: skip

    def _envoy(self) -> xray.Envoy | None:
        """The caller's Envoy as it is configured now; None where it cannot be asked: then only the version tells."""
        pod = self.mesh.pod(self._from_pod)
        try:
            return xray.Envoy.of(self.mesh.provider.config_dump(pod))
        except MeshtutorError:
            return None

    def _read(self, envoy: xray.Envoy | None, call: xray.Call) -> tuple[str, str]:
        """The place of the rule in the `http` list, and the first condition that failed in the rule above it."""
        if envoy is None:
            return "", ""
        walked = xray.walk(envoy, call)
        chosen = walked.chosen
        if chosen is None:
            return "", walked.error
        place = " ".join(filter(None, (chosen.rule.partition(".match")[0], chosen.name.partition("/")[0])))
        why = walked.lost[0].reason if walked.lost else "every condition holds"
        return place, why

    def __repr__(self) -> str:
        conditions = match_rules.Form.of(self.model.match or self.model.draft)
        rows = [(row.probe.words, row.version, row.rule, row.why) for row in self.model.rows]
        head = f"Match for {self.service}: {self.model.message or 'no rule yet'}"
        usage = f"{type(self).__name__}.model.match = {conditions.match()!r} tries it"
        return "\n".join([head, *([text.columns(rows)] if rows else []), f"  {usage}"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.match_view import MatchView

            self._view = MatchView(
                f"Which requests for {self.service} does it catch?", self.probes, self.model
            )
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}


def _trouble(outcome: Outcome) -> str:
    return "" if outcome.version else outcome.error
