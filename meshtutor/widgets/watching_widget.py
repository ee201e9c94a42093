"""What widgets share that only look: they send nothing unless their button is pressed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final, Generic, TypeVar

from meshtutor.mesh import Mesh
from meshtutor.widgets.live import Live
from meshtutor.widgets.live_widget import LiveWidget, View
from meshtutor.widgets.watcher import Refreshed, Watcher

RATE: Final = 10.0
Model = TypeVar("Model", bound=Refreshed)


class WatchingWidget(LiveWidget, Generic[Model]):
    """Refreshes its model every `seconds` while it is looked at; its load goes to a page of the gateway."""

    model: Model

    def __init__(self, mesh: Mesh, seconds: float, path: str, rate: float) -> None:
        super().__init__(mesh, mesh.gateway + path, rate)
        self._seconds = seconds

    @abstractmethod
    def _make_face(self) -> View:
        """The face, of a model that is up to date."""

    @abstractmethod
    def _words(self) -> str:
        """What the model holds, in words."""

    def _make_live(self) -> Live[Watcher]:
        live = Live(self._make_load, Watcher(self.model, self._seconds, self._draw))
        live.pause("")
        return live

    def _make_view(self) -> Any:
        self.model.refresh()
        return self._make_face()

    def __repr__(self) -> str:
        self.model.refresh()
        return self._words()
