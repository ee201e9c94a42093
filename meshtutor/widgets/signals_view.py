"""The face of a dashboard: what to look at and how far back above, four plots, and below what was changed when."""

from __future__ import annotations

import threading
from typing import Any

import ipywidgets

from meshtutor.charts import signaling
from meshtutor.display import html
from meshtutor.widgets.face import Face
from meshtutor.widgets.figure import living, refill
from meshtutor.widgets.heartbeat import Heartbeat
from meshtutor.widgets.live import Live
from meshtutor.widgets.signals_model import RANGES, SignalsModel
from meshtutor.widgets.watcher import Watcher

_ALL = "all services"


class SignalsView(Face):
    """Links a SignalsModel and its Live part to widgets; what is shown always comes from these two."""

    def __init__(self, model: SignalsModel, live: Live[Watcher]) -> None:
        self._model = model
        self._live = live
        self._drawing = threading.RLock()
        chart = signaling.golden_signals(model.board, model.done)
        self._figure = living(chart)
        self._layout: dict[str, Any] = chart.layout.to_plotly_json()
        self._drawn = (model.board, model.done)
        self._offering = False
        self._service = ipywidgets.Dropdown(
            options=self._options(), value=model.service, description="Of", style={"description_width": "2em"},
            layout={"width": "16em"},
        )  # fmt: skip
        self._range = ipywidgets.ToggleButtons(
            options=list(RANGES.items()), value=_nearest(model.seconds), style={"button_width": "5.5em"}
        )
        self._button = ipywidgets.Button(layout={"flex": "0 0 10em"})
        self._told = ipywidgets.HTML()
        self._heartbeat = Heartbeat(live.beat, live.rest)
        self._link()
        above = ipywidgets.HBox([self._service, self._range, self._button], layout={"flex_flow": "row wrap"})
        super().__init__([above, self._figure, self._told, self._heartbeat])
        self.draw()

    def draw(self) -> None:
        """Put the newest points into the plots, in place; called from the watcher's thread."""
        with self._drawing:
            self._draw_figure()
            self._show_words()

    def close(self) -> None:
        """Take the widgets out of the page."""
        for widget in (self._heartbeat, self._figure, self._service, self._range, self._button):
            widget.close()
        super().close()

    def _link(self) -> None:
        self._service.observe(lambda change: self._ask(service=change["new"]), "value")
        self._range.observe(lambda change: self._ask(seconds=change["new"]), "value")
        self._button.on_click(self._toggled)

    def _ask(self, **chosen: Any) -> None:
        """Something else is wanted: it is asked for at once."""
        if self._offering:
            return
        self._live.touch()
        for name, value in chosen.items():
            if value is not None:
                setattr(self._model, name, value)
        self._live.observer.hurry()

    def _draw_figure(self) -> None:
        model = self._model
        if self._drawn == (model.board, model.done):
            return
        self._drawn = (model.board, model.done)
        chart = signaling.golden_signals(*self._drawn)
        new = chart.layout.to_plotly_json()
        changed = {name: part for name, part in new.items() if self._layout.get(name) != part}
        refill(self._figure, chart.data)
        if changed:
            self._figure.plotly_relayout(changed)
        self._layout = new

    def _show_words(self) -> None:
        model, live, load = self._model, self._live, self._live.load
        self._button.description = "Send traffic" if live.paused else "Stop traffic"
        self._button.icon = "play" if live.paused else "stop"
        self._offer()
        marks = signaling.told(model.done, model.board)
        sent = f"{load.rate:g} requests/s, {load.sent} sent" if load and not live.paused else ""
        quiet = "" if model.board.parts else "No requests in this time."
        words = " · ".join(part for part in (sent, quiet, *marks) if part)
        trouble = model.error or live.note
        self._told.value = html.notice(trouble, "warn") if trouble else html.muted(words)

    def _offer(self) -> None:
        """What can be chosen; an ipywidgets Dropdown forgets its value when its options change."""
        options = self._options()
        if list(self._service.options) != options:
            self._offering = True
            try:
                self._service.options = options
                self._service.value = self._model.service
            finally:
                self._offering = False

    def _options(self) -> list[tuple[str, str]]:
        names = dict.fromkeys(
            (*self._model.services, *((self._model.service,) if self._model.service else ()))
        )
        return [(_ALL, ""), *((name, name) for name in names)]

    def _toggled(self, button: Any) -> None:
        del button
        if self._live.paused:
            self._live.resume()
        else:
            self._live.pause("")
        self._show_words()


def _nearest(seconds: float) -> float | None:
    return seconds if seconds in RANGES.values() else None
