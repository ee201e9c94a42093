"""The face of a traffic split: a slider for each version, and the shares that Prometheus counts."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.charts import sharing
from meshtutor.display.colors import color_of
from meshtutor.widgets.live import Live
from meshtutor.widgets.observer import Observer
from meshtutor.widgets.rule_view import RuleView
from meshtutor.widgets.split_model import SplitModel

_CHART_HEIGHT: Final = 300
_HINT: Final = "Move a slider to apply the rule."


class SplitView(RuleView):
    """The sliders move together: their sum stays 100."""

    def __init__(self, title: str, note: str, model: SplitModel, live: Live[Observer]) -> None:
        self._split, self._observer = model, live.observer
        sliders = {name: _slider(name, model.draft[name]) for name in model.subsets}
        chart = sharing.shares(live.observer.history, height=_CHART_HEIGHT)
        super().__init__(title, model, live, controls=sliders, chart=chart, hint=_HINT, note=note)
        self.draw()

    def draw(self) -> None:
        """See RuleView; called from the observer's thread."""
        with self._drawing, self._figure.batch_update():
            for trace, points in zip(self._figure.data, sharing.traces(self._observer.history), strict=True):
                trace.x, trace.y = points.x, points.y
        self._show_traffic()

    def edited(self, name: str, value: Any) -> None:
        """See RuleView; the other sliders give way."""
        self._split.drag(name, value)

    def trouble(self) -> str:
        """See RuleView."""
        return self._observer.error or super().trouble()

    def seen(self) -> str:
        """See RuleView."""
        newest = self._observer.history.newest
        if newest is None:
            return "nothing counted yet"
        shares = ", ".join(f"{name} {newest[name].value:.0%}" for name in self._observer.history.names)
        return f"Prometheus: {shares} of the last {newest.n}"


def _slider(name: str, value: int) -> Any:
    return ipywidgets.IntSlider(
        value=value, min=0, max=100, description=name, continuous_update=True, readout_format="d",
        style={"handle_color": color_of(name), "description_width": "4em"}, layout={"width": "95%"},
    )  # fmt: skip
