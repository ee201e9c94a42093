"""`Dashboard`: the golden signals, live, as in Istio's Grafana dashboards."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.traffic.load import Load
from meshtutor.widgets.live import Live
from meshtutor.widgets.signals_model import SignalsModel
from meshtutor.widgets.watcher import Watcher

RATE: Final = 10.0
_SECONDS: Final = 2.0  # between questions: plots over a minute do not need each scrape


class Dashboard:
    """Rate, errors, latency and bytes of all services, or of one and its versions, with a mark where a rule changed.

    It asks Prometheus while it is looked at, and sends nothing unless its button is pressed (`rate` requests per second
    to the application's page). Without a browser `dashboard.model.service = "reviews"` and `dashboard.model.refresh()`
    do what the page does.
    """

    def __init__(
        self,
        mesh: Mesh,
        service: str = "",
        seconds: float = 60.0,
        rate: float = RATE,
        path: str = "/productpage",
    ) -> None:
        self.mesh = mesh
        self.model = SignalsModel(mesh, service, seconds)
        self._rate, self._path = rate, path
        self._view: Any = None

    def close(self) -> None:
        """End the questions, the load and the widgets."""
        self._live.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    @cached_property
    def _live(self) -> Live[Watcher]:
        live = Live(self._make_load, Watcher(self.model, _SECONDS, self._draw))
        live.pause("")
        return live

    def _make_load(self) -> Load:
        return self.mesh.make_load(self.mesh.gateway + self._path, self._rate)

    def _draw(self) -> None:
        if self._view is not None:
            self._view.draw()

    def __repr__(self) -> str:
        self.model.refresh()
        return self.model.error or repr(self.model.board)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            from meshtutor.widgets.signals_view import SignalsView

            self.model.refresh()
            self._view = SignalsView(self.model, self._live)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
