"""The face of a circuit breaker: five controls, the answers, and below them which pod took part when."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.charts import ejecting
from meshtutor.display.colors import SKY
from meshtutor.widgets.answers_view import AnswersView
from meshtutor.widgets.breaker_model import BreakerModel
from meshtutor.widgets.figure import living
from meshtutor.widgets.live import Live
from meshtutor.widgets.pod_watch import PodWatch
from meshtutor.widgets.recorder import Recorder

_STYLE: Final = {"description_width": "12.5em", "handle_color": SKY}


class BreakerView(AnswersView):
    """Limits of the pool, and of the patience with outliers; 0 is no limit."""

    def __init__(self, title: str, model: BreakerModel, live: Live[Recorder], watch: PodWatch) -> None:
        self._watch = watch
        chart = ejecting.ejected(watch.history(), watch.now())
        self._bands = living(chart)
        hint = "Move a slider to apply the rule."
        super().__init__(title, model, live, controls=_controls(), hint=hint, below=[self._bands])

    def draw(self) -> None:
        """See AnswersView; the bands move as well."""
        super().draw()
        history, now = self._watch.history(), self._watch.now()
        with self._bands.batch_update():
            for trace, state in zip(self._bands.data, ejecting.STATES, strict=True):
                trace.y, trace.base, trace.x = ejecting.bars(state, history, now)


def _controls() -> dict[str, Any]:
    """By the names of a breaker's numbers."""
    return {
        "max_connections": _whole("maxConnections", 20),
        "max_pending": _whole("http1MaxPendingRequests", 20),
        "consecutive_5xx": _whole("consecutive5xxErrors", 10),
        "base_ejection_seconds": ipywidgets.FloatSlider(
            min=0.5, max=10.0, step=0.5, description="baseEjectionTime (s)", readout_format=".1f", style=_STYLE,
            layout={"width": "95%"},
        ),
        "max_ejection_percent": _whole("maxEjectionPercent", 100),
    }  # fmt: skip


def _whole(label: str, most: int) -> Any:
    return ipywidgets.IntSlider(
        min=0, max=most, description=label, readout_format="d", style=_STYLE, layout={"width": "95%"}
    )
