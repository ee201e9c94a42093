"""What widgets share that send a background load while they are looked at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Final, Protocol

from meshtutor.config import settings
from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.traffic.load import Load
from meshtutor.widgets.face import Pace
from meshtutor.widgets.live import Live

RATE: Final = 20.0
SMALL_RATE: Final = 10.0


class View(Protocol):
    """A face."""

    def draw(self) -> None:
        """Follow the traffic."""

    def close(self) -> None:
        """Leave the page."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]: ...


class LiveWidget(ABC):
    """Shown in a notebook it is interactive, and sends `rate` requests per second while it is looked at."""

    def __init__(
        self, mesh: Mesh, service: str, rate: float | None = None, from_pod: str | None = None
    ) -> None:
        self.mesh = mesh
        self.service = service
        self._rate = rate or (SMALL_RATE if settings().small else RATE)
        self._from_pod = from_pod
        self._view: View | None = None
        self._pace = Pace(self._redraw)

    @abstractmethod
    def _make_live(self) -> Live[Any]:
        """The load and who looks at it, when either is first wanted."""

    @abstractmethod
    def _make_view(self) -> View:
        """The face, when it is first shown."""

    def pause(self) -> None:
        """Stop the background load."""
        self._live.pause()

    def resume(self) -> None:
        """Start the background load again (it runs while the widget is looked at)."""
        self._live.resume()

    def close(self) -> None:
        """End the load, the looking and the widgets; the rule stays as the controls left it."""
        self._live.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    @cached_property
    def _live(self) -> Live[Any]:
        live = self._make_live()
        live.on_calm = self._pace.beat
        return live

    def _make_load(self) -> Load:
        return self.mesh.make_load(self.service, self._rate, from_pod=self._from_pod)

    def _draw(self) -> None:
        self._pace.news()

    def _redraw(self) -> None:
        if self._view is not None:
            self._view.draw()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        words = repr(self)  # first: who only looks, asks for it, and the face shows the same
        if self._view is None:
            self._view = self._make_view()
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": words}
