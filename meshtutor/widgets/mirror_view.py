"""The face of a mirror: the slider on the left, the YAML it writes on the right, what reached both versions below."""

from __future__ import annotations

import threading
from typing import Any, Final

import ipywidgets
import plotly.graph_objects as go

from meshtutor.charts import mirroring
from meshtutor.display import html
from meshtutor.display.colors import color_of
from meshtutor.display.yaml import Listing
from meshtutor.widgets.heartbeat import Heartbeat
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import Live
from meshtutor.widgets.mirror_model import MirrorModel
from meshtutor.widgets.mirror_watch import MirrorWatch

_CHART_HEIGHT: Final = 220


class MirrorView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Links a MirrorModel and its Live part to widgets; what is shown always comes from these two."""

    def __init__(self, title: str, model: MirrorModel, live: Live[MirrorWatch]) -> None:
        self._model, self._live = model, live
        self._syncing = False
        self._drawing = threading.Lock()
        self._applier = Latest(model.settle)
        self._slider = _slider(model)
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
        """Move the bars to the newest counts, in place; called from the watch's thread."""
        model = self._model
        found = mirroring.bars(self._live.observer.counts, model.live, model.dark, model.percent)
        with self._drawing, self._figure.batch_update():
            for trace, new in zip(self._figure.data, mirroring.settings(found, model.percent), strict=True):
                trace.update(new)
        self._show_traffic()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (self._heartbeat, self._figure, self._button, self._slider):
            widget.close()
        super().close()

    def _link(self) -> None:
        self._slider.observe(lambda _: self._moved(), "value")
        self._button.on_click(self._toggled)
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed", "yaml"])
        self._model.observe(lambda _: self._show_status(), ["message", "tone", "busy"])

    def _arranged(self, title: str) -> list[Any]:
        heading = ipywidgets.HTML(html.Html(f"<b>{html.cell(title)}</b>"))
        controls = ipywidgets.VBox(
            [self._slider, self._status, ipywidgets.HBox([self._button, self._traffic])],
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
        self._model.draft = {"percent": self._slider.value}
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
            self._slider.value = round(self._model.draft["percent"])
        finally:
            self._syncing = False
        self._yaml.value = Listing(self._model.yaml, frozenset(self._model.changed))._repr_html_()

    def _show_status(self) -> None:
        busy = html.muted("applying ...") if self._model.busy and not self._model.message else ""
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        hint = "" if self._model.message else html.muted("Move the slider to send copies.")
        self._status.value = html.join(*lines) or busy or hint

    def _show_traffic(self) -> None:
        live, load, model = self._live, self._live.load, self._model
        self._button.description = "Resume traffic" if live.paused else "Pause traffic"
        self._button.icon = "play" if live.paused else "pause"
        seen = mirroring.words(live.observer.counts, model.live, model.dark, model.percent)
        rate = f"{load.rate:g} requests/s" if load else "no traffic yet"
        trouble = live.observer.error or live.note
        self._traffic.value = html.notice(trouble, "warn") if trouble else html.muted(f"{rate} · {seen}")


def _slider(model: MirrorModel) -> Any:
    return ipywidgets.IntSlider(
        value=0, min=0, max=100, description=f"copies to {model.dark}, %", readout_format="d",
        style={"description_width": "9em", "handle_color": color_of(model.dark)}, layout={"width": "95%"},
    )  # fmt: skip


def _figure(model: MirrorModel, watch: MirrorWatch) -> Any:
    chart = mirroring.mirrored(watch.counts, model.live, model.dark, model.percent, _CHART_HEIGHT)
    figure = go.FigureWidget(data=chart.data, layout=chart.layout)
    figure._config = {"displayModeBar": False, "responsive": True}
    return figure
