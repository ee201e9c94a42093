"""`MeshGraph`: the mesh as a living picture, as in Kiali."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from meshtutor.mesh import Mesh
from meshtutor.telemetry.counters import seconds_of
from meshtutor.widgets.graph_model import GraphModel
from meshtutor.widgets.live_widget import View
from meshtutor.widgets.watching_widget import RATE, WatchingWidget

_MOST_SECONDS: Final = 5.0  # between questions, where scrapes are rare
_SCRAPES: Final = 10  # in a window: short enough to see a change, long enough for a rate


class MeshGraph(WatchingWidget[GraphModel]):
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
        interval = mesh.prometheus.scrape_interval
        super().__init__(mesh, min(interval, _MOST_SECONDS), path, rate)
        seconds = _SCRAPES * interval if window is None else seconds_of(window)
        self.model = GraphModel(mesh, seconds, tuple(namespaces) or (mesh.namespace,))

    def _make_view(self) -> View:
        from meshtutor.widgets.graph_view import GraphView

        return GraphView(self.model, self._live)

    def __repr__(self) -> str:
        self.model.refresh()
        return self.model.error or repr(self.model.graph)
