"""`TrafficSplit`: sliders that shift real traffic between the versions of a service."""

from __future__ import annotations

from typing import Any

from meshtutor.display import text
from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh
from meshtutor.telemetry.istio import RequestSamples, read_requests
from meshtutor.widgets.live import Live
from meshtutor.widgets.live_widget import LiveWidget, View
from meshtutor.widgets.observer import HISTORY_SECONDS, Observer
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.split_model import SplitModel
from meshtutor.widgets.split_rules import Rules


class TrafficSplit(LiveWidget):
    """Linked sliders for the subsets of a service, and a live chart of what Prometheus counts.

    Shown in a notebook it is interactive, and sends `rate` requests per second in the background while it is
    looked at. Without a browser `split.model.weights = {"v1": 70, "v3": 30}` does what a slider does, and
    returns when every proxy has acknowledged the rule. MeshtutorError if the service does not exist or has
    fewer than two versions.
    """

    def __init__(
        self, mesh: Mesh, service: str, rate: float | None = None, from_pod: str | None = None
    ) -> None:
        super().__init__(mesh, service, rate, from_pod)
        self.rules = _find_rules(mesh, service)
        self.model = SplitModel(self.rules, mesh.apply)
        self.model.observe(self._rule_changed, "changed_at")

    @property
    def note(self) -> str:
        """What it will do to rules that the learner has already; empty if there are none."""
        own = [obj["metadata"]["name"] for obj in self.rules.own if obj["kind"] == "VirtualService"]
        if not own:
            return ""
        return f"Your VirtualService {own[0]!r} has a rule for it: the sliders change its weights, restore() undoes it."

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        restore(self.mesh, self.rules.objects(self.model.draft), self.rules.own)
        self.model.forget(self.rules.weights())
        self._live.observer.aim(self.rules.weights())

    def _make_live(self) -> Live[Observer]:
        observer = Observer(self._read, self.model.subsets, self._draw)
        if self.model.ruled:
            observer.aim(dict(self.model.weights), self.model.changed_at or observer.now() - HISTORY_SECONDS)
        return Live(self._make_load, observer)

    def _read(self, seconds: float) -> RequestSamples:
        return read_requests(self.mesh.prometheus, self.service, self.mesh.namespace, seconds)

    def _rule_changed(self, change: Any) -> None:
        if "_live" in self.__dict__ and change["new"]:
            self._live.observer.aim(dict(self.model.weights), change["new"])

    def __repr__(self) -> str:
        shown = self.model.weights or self.model.draft
        rows = [(name, f"{weight} %", text.bar(weight / 100)) for name, weight in shown.items()]
        state = self.model.message or ("a rule of yours is in force" if self.model.ruled else "no rule yet")
        usage = f"split.model.weights = {dict(shown)!r} shifts the traffic"
        return f"Traffic split of {self.service}: {state}\n{text.columns(rows, right=(1,))}\n  {usage}"

    def _make_view(self) -> View:
        from meshtutor.widgets.split_view import SplitView

        view: View = SplitView(f"Traffic to {self.service}", self.note, self.model, self._live)
        return view


def _find_rules(mesh: Mesh, service: str) -> Rules:
    """The rules for a service that has versions to choose from."""
    rules = find_rules(mesh, service)
    if len(rules.subsets) < 2:
        have = ", ".join(rules.subsets) or "none"
        raise MeshtutorError(
            f"There is nothing to split: {service} has {have} as its versions.",
            "Its pods need a label `version` with at least two values; reviews has v1, v2 and v3",
        )
    return rules
