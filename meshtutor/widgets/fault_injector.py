"""`FaultInjector`: sliders that delay and abort a share of the requests for a service, and the answers as they come."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from meshtutor.charts import answering
from meshtutor.config import settings
from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.traffic.load import Load
from meshtutor.widgets.fault_model import FaultModel
from meshtutor.widgets.live import Live
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.traffic_split import RATE, SMALL_RATE


class FaultInjector:
    """Sliders for the share and kind of faults, and a live chart of statuses and latencies.

    Shown in a notebook it is interactive, and sends `rate` requests per second in the background while it is
    looked at. Without a browser `faults.model.fault = {"abort_percent": 30, "abort_status": 503}` does what the
    sliders do, and returns when every proxy has acknowledged the rule. NotFoundError if there is no such Service.
    """

    def __init__(
        self, mesh: Mesh, service: str, rate: float | None = None, from_pod: str | None = None
    ) -> None:
        self.mesh = mesh
        self.service = service
        self.rules = find_rules(mesh, service)
        self.model = FaultModel(self.rules, mesh.apply)
        self._rate = rate or (SMALL_RATE if settings().small else RATE)
        self._from_pod = from_pod
        self._view: Any = None
        self.model.observe(self._rule_changed, "changed_at")

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        own = [obj for obj in self.rules.own if obj["kind"] == "VirtualService"]
        restore(self.mesh, self.model.written(self.model.draft), own)
        self.model.forget()

    def pause(self) -> None:
        """Stop the background load."""
        self._live.pause()

    def resume(self) -> None:
        """Start the background load again (it runs while the widget is looked at)."""
        self._live.resume()

    def close(self) -> None:
        """End the load, the chart and the widgets; the rule stays as the sliders left it."""
        self._live.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    @cached_property
    def _live(self) -> Live[Recorder]:
        recorder = Recorder(self._draw)
        recorder.since = self.model.changed_at
        return Live(self._make_load, recorder)

    def _make_load(self) -> Load:
        load = self.mesh.make_load(self.service, self._rate, from_pod=self._from_pod)
        load.listener = self._live.observer.add
        return load

    def _draw(self) -> None:
        if self._view is not None:
            self._view.draw()

    def _rule_changed(self, change: Any) -> None:
        self._live.observer.since = change["new"]

    def __repr__(self) -> str:
        state = self.model.message or "no fault yet"
        seen = answering.words(self._live.observer.under_the_rule(), self.model.target)
        usage = f"{type(self).__name__}.model.fault = {dict(self.model.draft)!r} injects it"
        return f"Faults on the way to {self.service}: {state}\n  {seen}\n  {usage}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.fault_view import FaultView

            self._view = FaultView(f"Faults on the way to {self.service}", self.model, self._live)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
