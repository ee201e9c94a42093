"""`ScrapeLag`: the same traffic seen through scrapes every 1, 15 and 60 seconds, and through several rate windows."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.telemetry.counters import selector
from meshtutor.telemetry.istio import REQUESTS
from meshtutor.telemetry.recorded import two_incidents
from meshtutor.telemetry.scraping import History
from meshtutor.widgets.lag_model import LagModel

SHOWN_SECONDS: Final = 300.0
_LOOKBACK: Final = 60.0


class ScrapeLag:
    """What a dashboard shows of an incident depends on how often Prometheus looks, and over which window rate() counts.

    Real samples, one per second: a recording of six minutes (the default, because nobody wants to wait for a scrape of
    60 s), or with `lag.model.live = True` the last five minutes of requests for `service` in the learner's Prometheus.
    From these the slower scrapes are picked, and rate() is computed by Prometheus' own rule. Without a browser
    `lag.model.window = "30s"` does what the buttons do, and `lag.model.seen` is what each interval shows.
    """

    def __init__(self, mesh: Mesh, service: str = "reviews") -> None:
        self.mesh = mesh
        self.service = service
        self.model = LagModel(two_incidents, self._read, mesh.prometheus.major)
        self._view: Any = None

    def close(self) -> None:
        """Take the widget out of the page."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _read(self) -> History:
        labels = {
            "reporter": "source",
            "destination_service_name": self.service,
            "destination_service_namespace": self.mesh.namespace,
        }
        wanted, now = selector(REQUESTS, labels), self.mesh.prometheus.now()
        found = self.mesh.prometheus.samples(wanted, f"{int(SHOWN_SECONDS + _LOOKBACK)}s", now)
        return History(tuple(found), now - SHOWN_SECONDS, now, wanted)

    def __repr__(self) -> str:
        source = f"live, requests for {self.service}" if self.model.live else "recorded, failed requests"
        usage = f'{type(self).__name__}.model.window = "{self.model.window}" is the window; .phase and .live'
        return f"{self.model.promql} ({source})\n{self.model.words()}\n  {usage}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.lag_view import LagView

            self._view = LagView(self.model)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
