"""What widgets share whose rule is seen in the answers: a background load, a recorder, a view."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from meshtutor.charts import answering
from meshtutor.mesh import Mesh
from meshtutor.traffic.load import Load
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.live import Live
from meshtutor.widgets.live_widget import LiveWidget, View
from meshtutor.widgets.own_rules import find_rules, restore
from meshtutor.widgets.recorder import Recorder

M = TypeVar("M", bound=AnswersModel)


class AnswersWidget(LiveWidget, Generic[M]):
    """A LiveWidget whose `model` does headless what the controls do. NotFoundError if there is no such Service."""

    model: M
    written_kind = "VirtualService"

    def __init__(
        self, mesh: Mesh, service: str, rate: float | None = None, from_pod: str | None = None
    ) -> None:
        super().__init__(mesh, service, rate, from_pod)
        self.rules = find_rules(mesh, service)
        self.model = self._make_model()
        self.model.observe(self._rule_changed, "changed_at")

    @abstractmethod
    def _make_model(self) -> M:
        """The model, on `self.rules`."""

    @abstractmethod
    def _make_view(self) -> View:
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

    def _make_live(self) -> Live[Recorder]:
        recorder = self._make_recorder()
        recorder.since = self.model.changed_at
        return Live(self._make_load, recorder)

    def _make_recorder(self) -> Recorder:
        return Recorder(self._draw)

    def _make_load(self) -> Load:
        load = super()._make_load()
        load.listener = self._live.observer.add
        return load

    def _rule_changed(self, change: Any) -> None:
        self._live.observer.since = change["new"]

    def __repr__(self) -> str:
        state = self.model.message or "nothing changed yet"
        seen = answering.words(self._live.observer.under_the_rule(), self.model.target)
        return f"{self.title}: {state}\n  {seen}\n  {self.usage}"
