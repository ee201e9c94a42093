"""`Dashboard`: the golden signals, live, as in Istio's Grafana dashboards."""

from __future__ import annotations

from typing import Final

from meshtutor.mesh import Mesh
from meshtutor.widgets.live_widget import View
from meshtutor.widgets.signals_model import SignalsModel
from meshtutor.widgets.watching_widget import RATE, WatchingWidget

_SECONDS: Final = 2.0  # between questions: plots over a minute do not need each scrape


class Dashboard(WatchingWidget[SignalsModel]):
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
        super().__init__(mesh, _SECONDS, path, rate)
        self.model = SignalsModel(mesh, service, seconds)

    def _make_view(self) -> View:
        from meshtutor.widgets.signals_view import SignalsView

        return SignalsView(self.model, self._live)

    def __repr__(self) -> str:
        self.model.refresh()
        return self.model.error or repr(self.model.board)
