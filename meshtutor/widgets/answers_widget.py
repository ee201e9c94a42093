"""What widgets share whose rule is seen in the answers: a background load, a recorder, a view."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from meshtutor.charts import answering
from meshtutor.config import settings
from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.traffic.load import Load
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.live import Live
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.traffic_split import RATE, SMALL_RATE

if TYPE_CHECKING:  # a view takes ipywidgets and plotly along, which nobody needs before it is shown
    from meshtutor.widgets.answers_view import AnswersView

M = TypeVar("M", bound=AnswersModel)


class AnswersWidget(ABC, Generic[M]):
    """Shown in a notebook it is interactive, and sends `rate` requests per second while it is looked at.

    `model` does headless what the controls do. NotFoundError if there is no such Service.
    """

    model: M
    written_kind = "VirtualService"

    def __init__(
        self, mesh: Mesh, service: str, rate: float | None = None, from_pod: str | None = None
    ) -> None:
        self.mesh = mesh
        self.service = service
        self.rules = find_rules(mesh, service)
        self.model = self._make_model()
        self._rate = rate or (SMALL_RATE if settings().small else RATE)
        self._from_pod = from_pod
        self._view: AnswersView | None = None
        self.model.observe(self._rule_changed, "changed_at")

    @abstractmethod
    def _make_model(self) -> M:
        """The model, on `self.rules`."""

    @abstractmethod
    def _make_view(self) -> AnswersView:
        """The face, when it is first shown."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is about, as a heading."""

    @property
    @abstractmethod
    def usage(self) -> str:
        """How to do without a browser what the controls do."""

    def restore(self) -> None:
        """The rules as they were before this widget: the learner's own again, or none."""
        own = [obj for obj in self.rules.own if obj["kind"] == self.written_kind]
        restore(self.mesh, self.model.written(self.model.draft), own)
        self.model.forget()

    def pause(self) -> None:
        """Stop the background load."""
        self._live.pause()

    def resume(self) -> None:
        """Start the background load again (it runs while the widget is looked at)."""
        self._live.resume()

    def close(self) -> None:
        """End the load, the chart and the widgets; the rule stays as the controls left it."""
        self._live.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    @cached_property
    def _live(self) -> Live[Recorder]:
        recorder = self._make_recorder()
        recorder.since = self.model.changed_at
        return Live(self._make_load, recorder)

    def _make_recorder(self) -> Recorder:
        return Recorder(self._draw)

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
        state = self.model.message or "nothing changed yet"
        seen = answering.words(self._live.observer.under_the_rule(), self.model.target)
        return f"{self.title}: {state}\n  {seen}\n  {self.usage}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._view is None:
            self._view = self._make_view()
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": repr(self)}
