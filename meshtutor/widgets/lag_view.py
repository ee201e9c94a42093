"""The face of a scrape lag: the window and the phase above, the query, the chart, and its figures as a table."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import ipywidgets
from traitlets import TraitError

from meshtutor.charts import scraping
from meshtutor.display import html
from meshtutor.telemetry.scraping import Seen
from meshtutor.widgets.face import Face
from meshtutor.widgets.figure import living
from meshtutor.widgets.heartbeat import Beat, Heartbeat
from meshtutor.widgets.lag_model import WINDOWS, LagModel
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import IDLE_SECONDS

_HEIGHT: Final = 380
_CODE: Final = '<code style="white-space:normal;overflow-wrap:anywhere;line-height:1.4">{}</code>'
_ROW: Final = {"flex_flow": "row wrap", "align_items": "center"}
_SOURCES: Final = {"recorded: two incidents": False, "live: my Prometheus": True}


class LagView(Face):
    """Links a LagModel to widgets. Live samples are read again at each beat of the page, so never for nobody."""

    def __init__(self, model: LagModel, clock: Callable[[], float] = time.monotonic) -> None:
        self._model, self._clock, self._touched = model, clock, clock()
        self._drawing, self._following = threading.Lock(), False
        self._figure: Any = None
        self._controls = _controls(model)
        self._query, self._notice, self._table = (ipywidgets.HTML() for _ in range(3))
        self._chart = ipywidgets.VBox(layout={"width": "100%"})
        self._computing, self._reading = Latest(self._use), Latest(model.refresh)
        self._heartbeat = Heartbeat(self._beat, lambda: None)
        for widget in self._controls.values():
            widget.observe(lambda _: self._moved(), "value")
        model.observe(lambda _: self.draw(), "seen")
        model.observe(lambda _: self._follow(), ["window", "phase", "live"])
        row = ipywidgets.HBox([ipywidgets.Label("rate over"), *self._controls.values()], layout=_ROW)
        super().__init__([row, self._query, self._notice, self._chart, self._table, self._heartbeat])
        self.draw()

    def draw(self) -> None:
        """Show what the model has seen; lines are moved in place as long as the intervals are the same."""
        with self._drawing:
            seen, happened = self._model.seen, self._model.happened
            if self._figure is None or [
                t.name for t in self._figure.data[1 :: scraping.PER_INTERVAL]
            ] != _names(seen):
                self._redraw()
            else:
                with self._figure.batch_update():
                    for trace, points in zip(self._figure.data, scraping.traces(happened, seen), strict=True):
                        trace.x, trace.y = points.x, points.y
                    self._figure.layout.xaxis.range = [0, scraping.length(seen)]
            self._query.value = _CODE.format(html.cell(self._model.promql))
            self._notice.value = html.notice(self._model.message, "warn") if self._model.message else ""
            self._table.value = table(seen)

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._computing.join()
        self._reading.join()
        for widget in (self._heartbeat, *self._controls.values(), *self._chart.children):
            widget.close()
        super().close()

    def _redraw(self) -> None:
        old, self._figure = self._figure, None
        if self._model.seen:
            chart = scraping.scrape_lag(self._model.happened, self._model.seen, _HEIGHT)
            self._figure = living(chart)
        self._chart.children = [self._figure] if self._figure is not None else []
        if old is not None:
            old.close()

    def _follow(self) -> None:
        """The controls show what the model has, whoever changed it."""
        self._following = True
        try:
            for control, value in (("phase", self._model.phase), ("source", self._model.live)):
                self._controls[control].value = value
            with contextlib.suppress(TraitError):  # a window for which there is no button
                self._controls["window"].value = self._model.window
        finally:
            self._following = False

    def _moved(self) -> None:
        if self._following:
            return
        self._touched = self._clock()
        self._computing.request()

    def _use(self) -> None:
        self._model.live = self._controls["source"].value
        self._model.window = self._controls["window"].value
        self._model.phase = self._controls["phase"].value

    def _beat(self, beat: Beat) -> None:
        if beat.seen and self._model.live and self._clock() - self._touched < IDLE_SECONDS:
            self._reading.request()


def table(seen: tuple[Seen, ...]) -> html.Html:
    """What each interval makes of it."""
    if not seen:
        return html.Html("")
    rows = [
        (f"every {one.interval:g} s", f"{one.peak:.1f} /s", f"{one.empty:.0%}", scraping.remark(one))
        for one in seen
    ]
    made = html.table(("scraped", "highest rate", "of the time no data", ""), rows, right=(1, 2))
    return html.Html(f'<div style="line-height:1.3">{made}</div>')  # ipywidgets' own is that of a slider


def _names(seen: tuple[Seen, ...]) -> list[str]:
    return [scraping.name_of(one) for one in seen]


def _controls(model: LagModel) -> dict[str, Any]:
    windows = WINDOWS if model.window in WINDOWS else (*WINDOWS, model.window)
    return {
        "window": ipywidgets.ToggleButtons(
            options=windows, value=model.window, style={"button_width": "3.5em"}
        ),
        "phase": ipywidgets.IntSlider(
            value=model.phase, min=0, max=59, description="scrapes come later by (s)",
            style={"description_width": "13em"}, layout={"width": "28em"},
        ),
        "source": ipywidgets.ToggleButtons(
            options=list(_SOURCES.items()), value=model.live, style={"button_width": "14em"}
        ),
    }  # fmt: skip
