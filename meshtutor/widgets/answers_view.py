"""The face of a rule whose effect is seen in the answers: a dot for each, and the shares of statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from meshtutor.charts import answering
from meshtutor.charts.chart import Chart
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.rule_view import RuleView

_CHART_HEIGHT: Final = 300


class AnswersView(RuleView):
    """A subclass brings the controls, by the names of its model's numbers; see RuleView."""

    def __init__(
        self, title: str, model: AnswersModel, live: Live[Recorder], *, controls: Mapping[str, Any], hint: str,
        below: Sequence[Any] = (),
    ) -> None:  # fmt: skip
        self._answers, self._recorder = model, live.observer
        super().__init__(title, model, live, controls=controls, chart=self._chart(), hint=hint, below=below)

    def draw(self) -> None:
        """See RuleView; called from the recorder's thread."""
        recorder = self._recorder
        points = answering.traces(
            recorder.recent(answering.SECONDS),
            recorder.under_the_rule(),
            self._answers.target,
            recorder.now(),
        )
        with self._drawing, self._figure.batch_update():
            for trace, new in zip(self._figure.data, points, strict=True):
                trace.x, trace.y = new.x, new.y
            bars = self._figure.data[2]
            bars.error_y.array, bars.error_y.arrayminus = points[2].up, points[2].down
            bars.marker.color = points[2].color
        self._show_traffic()

    def seen(self) -> str:
        """See RuleView."""
        return answering.words(self._recorder.under_the_rule(), self._answers.target)

    def _chart(self) -> Chart:
        recorder = self._recorder
        recent, judged = recorder.recent(answering.SECONDS), recorder.under_the_rule()
        return answering.answers(recent, judged, self._answers.target, recorder.now(), _CHART_HEIGHT)
