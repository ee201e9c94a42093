"""The face of a rule and the answers under it: controls on the left, the YAML they write on the right, the chart below.

A subclass brings the controls, by the names of its model's numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import ipywidgets
import plotly.graph_objects as go

from meshtutor.charts import answering
from meshtutor.display import html
from meshtutor.display.yaml import Listing
from meshtutor.widgets.answers_model import AnswersModel
from meshtutor.widgets.heartbeat import Heartbeat
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder

_CHART_HEIGHT: Final = 300


class AnswersView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Links a model and its Live part to widgets; what is shown always comes from these two.

    `hint` stands where the last change is told, before the first one; `below` are widgets under the chart.
    """

    def __init__(
        self,
        title: str,
        model: AnswersModel,
        live: Live[Recorder],
        *,
        controls: dict[str, Any],
        hint: str,
        below: Sequence[Any] = (),
    ) -> None:
        self._model, self._live, self._hint, self._below = model, live, hint, tuple(below)
        self._syncing = False
        self._drawing = threading.Lock()
        self._applier = Latest(model.settle)
        self._controls = controls
        self._status, self._traffic = ipywidgets.HTML(), ipywidgets.HTML()
        self._yaml = ipywidgets.HTML(layout={"width": "100%"})
        self._button = ipywidgets.Button(layout={"flex": "0 0 11em"})
        self._figure = _figure(model, live.observer)
        self._heartbeat = Heartbeat(self._beat, live.rest)
        self._link()
        super().__init__(self._arranged(title))
        self._show_draft()
        self._show_status()
        self._show_traffic()

    def draw(self) -> None:
        """Move the chart to what the recorder has, in place; called from the recorder's thread."""
        recorder = self._live.observer
        points = answering.traces(
            recorder.recent(answering.SECONDS), recorder.under_the_rule(), self._model.target, recorder.now()
        )
        with self._drawing, self._figure.batch_update():
            for trace, new in zip(self._figure.data, points, strict=True):
                trace.x, trace.y = new.x, new.y
            bars = self._figure.data[2]
            bars.error_y.array, bars.error_y.arrayminus = points[2].up, points[2].down
            bars.marker.color = points[2].color
        self._show_traffic()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (self._heartbeat, self._figure, self._button, *self._below, *self._controls.values()):
            widget.close()
        super().close()

    def _link(self) -> None:
        for widget in self._controls.values():
            widget.observe(lambda _: self._moved(), "value")
        self._button.on_click(self._toggled)
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed", "yaml"])
        self._model.observe(lambda _: self._show_status(), ["message", "tone", "busy"])

    def _arranged(self, title: str) -> list[Any]:
        heading = ipywidgets.HTML(html.Html(f"<b>{html.cell(title)}</b>"))
        controls = ipywidgets.VBox(
            [*self._controls.values(), self._status, ipywidgets.HBox([self._button, self._traffic])],
            layout={"flex": "1 1 26em", "min_width": "22em"},
        )
        yaml = ipywidgets.Box(
            [self._yaml], layout={"flex": "1 1 20em", "max_height": "28em", "overflow": "auto"}
        )
        above = ipywidgets.HBox([controls, yaml], layout={"flex_flow": "row wrap"})
        return [heading, above, self._figure, *self._below, self._heartbeat]

    def _moved(self) -> None:
        if self._syncing:
            return
        self._live.touch()
        self._model.draft = {name: widget.value for name, widget in self._controls.items()}
        self._applier.request()

    def _toggled(self, button: Any) -> None:
        del button
        if self._live.paused:
            self._live.resume()
        else:
            self._live.pause()
        self._show_traffic()

    def _beat(self) -> None:
        self._live.beat()
        self._show_traffic()

    def _show_draft(self) -> None:
        self._syncing = True
        try:
            for name, widget in self._controls.items():
                value = self._model.draft[name]
                if isinstance(widget, ipywidgets.Dropdown) and value not in _values(widget):
                    widget.options = [*widget.options, (str(value), value)]
                widget.value = value
        finally:
            self._syncing = False
        self._yaml.value = Listing(self._model.yaml, frozenset(self._model.changed))._repr_html_()

    def _show_status(self) -> None:
        busy = html.muted("applying ...") if self._model.busy and not self._model.message else ""
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        hint = "" if self._model.message else html.muted(self._hint)
        self._status.value = html.join(*lines) or busy or hint

    def _show_traffic(self) -> None:
        live, load = self._live, self._live.load
        self._button.description = "Resume traffic" if live.paused else "Pause traffic"
        self._button.icon = "play" if live.paused else "pause"
        seen = answering.words(live.observer.under_the_rule(), self._model.target)
        rate = f"{load.rate:g} requests/s" if load else "no traffic yet"
        self._traffic.value = html.notice(live.note, "warn") if live.note else html.muted(f"{rate} · {seen}")


def _figure(model: AnswersModel, recorder: Recorder) -> Any:
    chart = answering.answers(
        recorder.recent(answering.SECONDS),
        recorder.under_the_rule(),
        model.target,
        recorder.now(),
        _CHART_HEIGHT,
    )
    figure = go.FigureWidget(data=chart.data, layout=chart.layout)
    figure._config = {"displayModeBar": False, "responsive": True}
    return figure


def _values(dropdown: Any) -> list[Any]:
    return [option[1] if isinstance(option, tuple) else option for option in dropdown.options]
