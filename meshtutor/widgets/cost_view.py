"""The face of the cost of the mesh: a button, the bars, what was measured here, and beside it what Istio says."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import ipywidgets

from meshtutor.charts import costs
from meshtutor.display import html, text
from meshtutor.errors import MeshtutorError
from meshtutor.traffic.racing import Timed
from meshtutor.widgets.cost_model import WAYS, Cost, CostModel
from meshtutor.widgets.cost_published import FIGURES, PAGE
from meshtutor.widgets.face import Face
from meshtutor.widgets.figure import living
from meshtutor.widgets.latest import Latest

_HEIGHT: Final = 280


class CostView(Face):
    """Links a CostModel to widgets; a measurement runs in a thread of its own and ends by itself."""

    def __init__(self, model: CostModel) -> None:
        self._model = model
        self._worker = Latest(self._measure)
        self._button = ipywidgets.Button(layout={"width": "12em"})
        self._bar = ipywidgets.IntProgress(
            min=0, max=model.rounds, layout={"width": "16em", "visibility": "hidden"}
        )
        self._status, self._measured = ipywidgets.HTML(), ipywidgets.HTML()
        self._figure = _figure()
        self._button.on_click(lambda _: self._worker.request())
        model.observe(lambda _: self._show_status(), ["busy", "done", "message"])
        model.observe(lambda _: self._show_cost(), "cost")
        head = ipywidgets.HBox([self._button, self._bar], layout={"align_items": "center"})
        published = ipywidgets.HTML(_narrow(published_table()))
        super().__init__([head, self._status, self._figure, self._measured, published])
        self._show_status()
        self._show_cost()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._worker.join(30.0)
        for widget in (self._figure, self._button, self._bar):
            widget.close()
        super().close()

    def _measure(self) -> None:
        with contextlib.suppress(MeshtutorError):  # the model's message says what it was
            self._model.measure()

    def _show_status(self) -> None:
        model = self._model
        self._button.disabled, self._bar.value = model.busy, model.done
        self._button.description = (
            "Measuring ..." if model.busy else "Measure again" if model.cost else "Measure"
        )
        self._bar.layout.visibility = "visible" if model.busy else "hidden"
        self._status.value = html.notice(model.message, "bad") if model.message else ""

    def _show_cost(self) -> None:
        cost: Cost | None = self._model.cost
        if cost is None:
            return
        with self._figure.batch_update():
            for trace, bars in zip(self._figure.data, costs.traces(cost.timed), strict=True):
                trace.y, trace.error_y.array, trace.error_y.arrayminus = bars.y, bars.up, bars.down
            self._figure.layout.yaxis.range = costs.scale(cost.timed)
        self._measured.value = _narrow(measured_table(cost))


def _figure() -> Any:
    """Without bars: nothing is measured yet. A figure that comes later would not know how wide the page is."""
    chart = costs.cost([Timed(way, ()) for way in WAYS], _HEIGHT)
    return living(chart)


def measured_table(cost: Cost) -> html.Html:
    """The figures of this machine."""
    rows = [
        (one.name, *(text.milliseconds(one.quantile(p).value) for p in costs.PERCENTILES),
         *(costs.added(one, cost.direct, p) for p in (50, 90)))
        for one in cost.timed
    ]  # fmt: skip
    heading = ("measured here, just now", *(f"p{p}" for p in costs.PERCENTILES), "adds to p50", "adds to p90")
    held = ", ".join(f"{pod} {size / costs.MEGA:.1f} MB" for pod, size in sorted(cost.memory.items()))
    made = html.table(heading, rows, right=(1, 2, 3, 4, 5))
    how = f"{cost.direct.n} requests each, one after the other; in brackets the 95 % interval"
    return html.join(
        made, html.muted(f"{how}. Memory that the proxies have allocated: {held or 'not known'}.")
    )


def published_table() -> html.Html:
    """Istio's own figures."""
    rows = [(f"Istio {one.release}: {one.about}", one.figure, one.condition) for one in FIGURES]
    link = html.Html(f'<a href="{PAGE}" target="_blank">istio.io, Performance and Scalability</a>')
    return html.join(html.table(("published by Istio", "", "condition"), rows), html.muted("Source: "), link)


def _narrow(content: html.Html) -> html.Html:
    return html.Html(f'<div style="line-height:1.4">{content}</div>')  # ipywidgets' own is that of a slider
