"""`TrafficMirror`: a slider for the share of requests that a dark version gets a copy of, and what reaches both."""

from __future__ import annotations

from typing import Any

from meshtutor.charts import mirroring
from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh
from meshtutor.telemetry.istio import RequestSamples, read_requests
from meshtutor.widgets.live import Live
from meshtutor.widgets.live_widget import LiveWidget, View
from meshtutor.widgets.mirror_model import MirrorModel
from meshtutor.widgets.mirror_watch import MirrorWatch
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.split_rules import Rules


class TrafficMirror(LiveWidget):
    """The version `live` answers everybody; `dark` gets copies, and its answers are thrown away.

    Shown in a notebook it sends `rate` requests per second while it is looked at. Without a browser
    `mirror.model.percent = 50` does what the slider does, and returns when every proxy has acknowledged the rule.
    MeshtutorError if the service has no such versions.
    """

    def __init__(
        self, mesh: Mesh, service: str, live: str = "v1", dark: str = "v3", rate: float | None = None
    ) -> None:
        super().__init__(mesh, service, rate)
        self.rules = find_rules(mesh, service)
        self.model = MirrorModel(self.rules, *_two(self.rules, live, dark), mesh.apply)
        self.model.observe(self._rule_changed, "changed_at")

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        restore(self.mesh, self.model.written(self.model.draft), self.rules.own)
        self.model.forget()

    def _make_live(self) -> Live[MirrorWatch]:
        watch = MirrorWatch(self._read, self._draw)
        watch.since = self.model.changed_at
        return Live(self._make_load, watch)

    def _read(self, seconds: float) -> RequestSamples:
        return read_requests(
            self.mesh.prometheus, self.service, self.mesh.namespace, seconds, reporter="destination"
        )

    def _rule_changed(self, change: Any) -> None:
        self._live.observer.aim(change["new"])

    def __repr__(self) -> str:
        model, seen = self.model, self._live.observer.counts
        state = model.message or "no copies yet"
        usage = f"mirror.model.percent = {model.draft['percent']:g} copies that share"
        counted = mirroring.words(seen, model.live, model.dark, model.percent)
        return f"Copies of requests for {self.service} {model.live} to {model.dark}: {state}\n  {counted}\n  {usage}"

    def _make_view(self) -> View:
        from meshtutor.widgets.mirror_view import MirrorView

        title = f"{self.service}: {self.model.live} answers, {self.model.dark} gets copies"
        view: View = MirrorView(title, self.model, self._live)
        return view


def _two(rules: Rules, live: str, dark: str) -> tuple[str, str]:
    """Two different versions that the service has."""
    for version in (live, dark):
        if version not in rules.subsets:
            have = ", ".join(rules.subsets) or "none"
            raise MeshtutorError(f"{rules.host} has no version {version!r}.", f"There are: {have}")
    if live == dark:
        raise MeshtutorError(f"{live} cannot be live and dark at once.", "Choose two versions")
    return live, dark
