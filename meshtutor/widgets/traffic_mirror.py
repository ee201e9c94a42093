"""`TrafficMirror`: a slider for the share of requests that a dark version gets a copy of, and what reaches both."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from meshtutor.charts import mirroring
from meshtutor.config import settings
from meshtutor.display import surroundings
from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh
from meshtutor.telemetry.istio import RequestSamples, read_requests
from meshtutor.traffic.load import Load
from meshtutor.widgets.live import Live
from meshtutor.widgets.mirror_model import MirrorModel
from meshtutor.widgets.mirror_watch import MirrorWatch
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.split_rules import Rules
from meshtutor.widgets.traffic_split import RATE, SMALL_RATE


class TrafficMirror:
    """The version `live` answers everybody; `dark` gets copies, and its answers are thrown away.

    Shown in a notebook it sends `rate` requests per second while it is looked at. Without a browser
    `mirror.model.percent = 50` does what the slider does, and returns when every proxy has acknowledged the rule.
    MeshtutorError if the service has no such versions.
    """

    def __init__(
        self, mesh: Mesh, service: str, live: str = "v1", dark: str = "v3", rate: float | None = None
    ) -> None:
        self.mesh = mesh
        self.service = service
        self.rules = find_rules(mesh, service)
        self.model = MirrorModel(self.rules, *_two(self.rules, live, dark), mesh.apply)
        self._rate = rate or (SMALL_RATE if settings().small else RATE)
        self._view: Any = None
        self.model.observe(self._rule_changed, "changed_at")

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        restore(self.mesh, self.model.written(self.model.draft), self.rules.own)
        self.model.forget()

    def pause(self) -> None:
        """Stop the background load."""
        self._live.pause()

    def resume(self) -> None:
        """Start the background load again (it runs while the widget is looked at)."""
        self._live.resume()

    def close(self) -> None:
        """End the load, the polling and the widgets; the rule stays as the slider left it."""
        self._live.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    @cached_property
    def _live(self) -> Live[MirrorWatch]:
        watch = MirrorWatch(self._read, self._draw)
        watch.since = self.model.changed_at
        return Live(self._make_load, watch)

    def _make_load(self) -> Load:
        return self.mesh.make_load(self.service, self._rate)

    def _read(self, seconds: float) -> RequestSamples:
        return read_requests(
            self.mesh.prometheus, self.service, self.mesh.namespace, seconds, reporter="destination"
        )

    def _draw(self) -> None:
        if self._view is not None:
            self._view.draw()

    def _rule_changed(self, change: Any) -> None:
        self._live.observer.aim(change["new"])

    def __repr__(self) -> str:
        model, seen = self.model, self._live.observer.counts
        state = model.message or "no copies yet"
        usage = f"mirror.model.percent = {model.draft['percent']:g} copies that share"
        counted = mirroring.words(seen, model.live, model.dark, model.percent)
        return f"Copies of requests for {self.service} {model.live} to {model.dark}: {state}\n  {counted}\n  {usage}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.mirror_view import MirrorView

            title = f"{self.service}: {self.model.live} answers, {self.model.dark} gets copies"
            self._view = MirrorView(title, self.model, self._live)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}


def _two(rules: Rules, live: str, dark: str) -> tuple[str, str]:
    """Two different versions that the service has."""
    for version in (live, dark):
        if version not in rules.subsets:
            have = ", ".join(rules.subsets) or "none"
            raise MeshtutorError(f"{rules.host} has no version {version!r}.", f"There are: {have}")
    if live == dark:
        raise MeshtutorError(f"{live} cannot be live and dark at once.", "Choose two versions")
    return live, dark
