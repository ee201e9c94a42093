"""`MeshGraph`: the mesh as a living picture, as in Kiali."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any, Final

from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.telemetry.counters import seconds_of
from meshtutor.traffic.load import Load
from meshtutor.widgets.graph_model import GraphModel
from meshtutor.widgets.live import Live
from meshtutor.widgets.watcher import Watcher

RATE: Final = 10.0
_SCRAPES: Final = 10  # in a window: short enough to see a change, long enough for a rate


class MeshGraph:
    """Who calls whom, live: rates, errors, p95 and mutual TLS; a click shows the numbers and the rules.

    `window` defaults to ten scrapes, `namespaces` to the learner's. It asks Prometheus while it is looked at, and sends
    nothing unless its button is pressed (`rate` requests per second to the application's page). Without a browser
    `graph.model.refresh()` and `graph.model.selected = ID` do what the page does.
    """

    def __init__(
        self,
        mesh: Mesh,
        window: str | float | None = None,
        namespaces: Collection[str] = (),
        rate: float = RATE,
        path: str = "/productpage",
    ) -> None:
        self.mesh = mesh
        interval = mesh.prometheus.scrape_interval
        seconds = _SCRAPES * interval if window is None else seconds_of(window)
        self.model = GraphModel(mesh, seconds, tuple(namespaces) or (mesh.namespace,))
        self._interval, self._rate, self._path = interval, rate, path
        self._view: Any = None

    def close(self) -> None:
        """End the questions, the load and the widgets."""
        self._live.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    @cached_property
    def _live(self) -> Live[Watcher]:
        live = Live(self._make_load, Watcher(self.model, min(self._interval, 5.0), self._draw))
        live.pause("")
        return live

    def _make_load(self) -> Load:
        return self.mesh.make_load(self.mesh.gateway + self._path, self._rate)

    def _draw(self) -> None:
        if self._view is not None:
            self._view.draw()

    def __repr__(self) -> str:
        self.model.refresh()
        return self.model.error or repr(self.model.graph)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.graph_view import GraphView

            self.model.refresh()
            self._view = GraphView(self.model, self._live)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
