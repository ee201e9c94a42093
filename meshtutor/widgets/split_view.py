"""The face of a traffic split: sliders on the left, the YAML they write on the right, the live chart below."""

from __future__ import annotations

import threading
from typing import Any, Final

import ipywidgets
import plotly.graph_objects as go

from meshtutor.charts import sharing
from meshtutor.display import html
from meshtutor.display.colors import color_of
from meshtutor.display.yaml import Listing
from meshtutor.widgets.heartbeat import Heartbeat
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import Live
from meshtutor.widgets.observer import Observer
from meshtutor.widgets.split_model import SplitModel

_YAML_HEIGHT: Final = "28em"
_CHART_HEIGHT: Final = 300


class SplitView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Links a SplitModel and its Live part to widgets; what is shown always comes from these two."""

    def __init__(self, title: str, note: str, model: SplitModel, live: Live[Observer]) -> None:
        self._model = model
        self._live = live
        self._syncing = False
        self._drawing = threading.Lock()
        self._applier = Latest(model.settle)
        self._sliders = {name: _slider(name, model.draft[name]) for name in model.subsets}
        self._status, self._traffic = ipywidgets.HTML(), ipywidgets.HTML()
        self._yaml = ipywidgets.HTML(layout={"width": "100%"})
        self._button = ipywidgets.Button(layout={"flex": "0 0 11em"})
        self._figure = _figure(live)
        self._heartbeat = Heartbeat(self._beat, live.rest)
        self._link()
        super().__init__(self._arranged(title, note))
        self.refresh()

    def refresh(self) -> None:
        """Show the model and the traffic as they are now."""
        self._show_draft()
        self._show_status()
        self.draw()

    def draw(self) -> None:
        """Move the chart's lines to the history's points, in place; called from the observer's thread."""
        with self._drawing, self._figure.batch_update():
            for trace, points in zip(
                self._figure.data, sharing.traces(self._live.observer.history), strict=True
            ):
                trace.x, trace.y = points.x, points.y
        self._show_traffic()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (self._heartbeat, self._figure, *self._sliders.values()):
            widget.close()
        super().close()

    def _link(self) -> None:
        for name, slider in self._sliders.items():
            slider.observe(lambda change, name=name: self._dragged(name, change["new"]), "value")
        self._button.on_click(self._toggled)
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed", "yaml"])
        self._model.observe(lambda _: self._show_status(), ["message", "tone", "busy"])

    def _arranged(self, title: str, note: str) -> list[Any]:
        heading = ipywidgets.HTML(html.join(html.Html(f"<b>{html.cell(title)}</b> "), html.muted(note)))
        controls = ipywidgets.VBox(
            [*self._sliders.values(), self._status, ipywidgets.HBox([self._button, self._traffic])],
            layout={"flex": "1 1 24em", "min_width": "22em"},
        )
        yaml = ipywidgets.Box(
            [self._yaml], layout={"flex": "1 1 22em", "max_height": _YAML_HEIGHT, "overflow": "auto"}
        )
        above = ipywidgets.HBox([controls, yaml], layout={"flex_flow": "row wrap"})
        return [heading, above, self._figure, self._heartbeat]

    def _dragged(self, name: str, value: int) -> None:
        if self._syncing:
            return
        self._live.touch()
        self._model.drag(name, value)
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
            for name, slider in self._sliders.items():
                slider.value = self._model.draft[name]
        finally:
            self._syncing = False
        self._yaml.value = Listing(self._model.yaml, frozenset(self._model.changed))._repr_html_()

    def _show_status(self) -> None:
        busy = html.muted("applying ...") if self._model.busy and not self._model.message else ""
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        hint = "" if self._model.message else html.muted("Move a slider to apply the rule.")
        self._status.value = html.join(*lines) or busy or hint

    def _show_traffic(self) -> None:
        live, load = self._live, self._live.load
        self._button.description = "Resume traffic" if live.paused else "Pause traffic"
        self._button.icon = "play" if live.paused else "pause"
        sent = f"{load.rate:g} requests/s, {load.sent} sent" if load else "no traffic yet"
        failed = f", {load.failed} failed: {load.last_error}" if load and load.failed else ""
        trouble = live.observer.error or live.note
        self._traffic.value = (
            html.notice(trouble, "warn") if trouble else html.muted(f"{sent}{failed} · {_seen(live)}")
        )


def _seen(live: Live[Observer]) -> str:
    newest = live.observer.history.newest
    if newest is None:
        return "nothing counted yet"
    shares = ", ".join(f"{name} {newest[name].value:.0%}" for name in live.observer.history.names)
    return f"Prometheus: {shares} of the last {newest.n}"


def _slider(name: str, value: int) -> Any:
    return ipywidgets.IntSlider(
        value=value,
        min=0,
        max=100,
        description=name,
        continuous_update=True,
        readout_format="d",
        style={"handle_color": color_of(name), "description_width": "4em"},
        layout={"width": "95%"},
    )


def _figure(live: Live[Observer]) -> Any:
    chart = sharing.shares(live.observer.history, height=_CHART_HEIGHT)
    figure = go.FigureWidget(data=chart.data, layout=chart.layout)
    figure._config = {"displayModeBar": False, "responsive": True}
    return figure
