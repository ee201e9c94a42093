"""The face of a fault injector: sliders on the left, the YAML they write on the right, the live chart below."""

from __future__ import annotations

import threading
from typing import Any, Final

import ipywidgets
import plotly.graph_objects as go

from meshtutor.charts import answering
from meshtutor.display import html
from meshtutor.display.colors import BAD, SKY
from meshtutor.display.yaml import Listing
from meshtutor.widgets.fault_model import FaultModel
from meshtutor.widgets.heartbeat import Heartbeat
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder

_CHART_HEIGHT: Final = 300
_STATUSES: Final = (400, 401, 403, 404, 418, 429, 500, 502, 503, 504)
_STYLE: Final = {"description_width": "7em"}


class FaultView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Links a FaultModel and its Live part to widgets; what is shown always comes from these two."""

    def __init__(self, title: str, model: FaultModel, live: Live[Recorder]) -> None:
        self._model, self._live = model, live
        self._syncing = False
        self._drawing = threading.Lock()
        self._applier = Latest(model.settle)
        self._controls = _controls()
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
        for widget in (self._heartbeat, self._figure, self._button, *self._controls.values()):
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
        return [heading, above, self._figure, self._heartbeat]

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
                if name == "abort_status" and value not in widget.options:
                    widget.options = sorted({*widget.options, value})
                widget.value = value
        finally:
            self._syncing = False
        self._yaml.value = Listing(self._model.yaml, frozenset(self._model.changed))._repr_html_()

    def _show_status(self) -> None:
        busy = html.muted("applying ...") if self._model.busy and not self._model.message else ""
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        hint = "" if self._model.message else html.muted("Move a slider to inject a fault.")
        self._status.value = html.join(*lines) or busy or hint

    def _show_traffic(self) -> None:
        live, load = self._live, self._live.load
        self._button.description = "Resume traffic" if live.paused else "Pause traffic"
        self._button.icon = "play" if live.paused else "pause"
        seen = answering.words(live.observer.under_the_rule(), self._model.target)
        rate = f"{load.rate:g} requests/s" if load else "no traffic yet"
        self._traffic.value = html.notice(live.note, "warn") if live.note else html.muted(f"{rate} · {seen}")


def _controls() -> dict[str, Any]:
    """By the names of a fault's numbers."""

    def share(label: str, color: str) -> Any:
        return ipywidgets.IntSlider(
            min=0, max=100, description=label, readout_format="d", style={**_STYLE, "handle_color": color},
            layout={"width": "95%"},
        )  # fmt: skip

    return {
        "abort_percent": share("abort %", BAD),
        "abort_status": ipywidgets.Dropdown(
            options=_STATUSES, value=503, description="with status", style=_STYLE, layout={"width": "13em"}
        ),
        "delay_percent": share("delay %", SKY),
        "delay_seconds": ipywidgets.FloatSlider(
            value=1.0, min=0.1, max=3.0, step=0.1, description="by seconds", readout_format=".1f",
            style={**_STYLE, "handle_color": SKY}, layout={"width": "95%"},
        ),
    }  # fmt: skip


def _figure(model: FaultModel, recorder: Recorder) -> Any:
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
