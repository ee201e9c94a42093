"""What widgets share that only look: they send nothing unless their button is pressed."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from meshtutor.mesh import Mesh
from meshtutor.widgets.live import Live
from meshtutor.widgets.live_widget import LiveWidget
from meshtutor.widgets.watcher import Refreshed, Watcher

RATE: Final = 10.0
Model = TypeVar("Model", bound=Refreshed)


class WatchingWidget(LiveWidget, Generic[Model]):
    """Refreshes its model every `seconds` while it is looked at; its load goes to a page of the gateway."""

    model: Model

    def __init__(self, mesh: Mesh, seconds: float, path: str, rate: float) -> None:
        super().__init__(mesh, mesh.gateway + path, rate)
        self._seconds = seconds

    def _make_live(self) -> Live[Watcher]:
        live = Live(self._make_load, Watcher(self.model, self._seconds, self._draw))
        live.pause("")
        return live
