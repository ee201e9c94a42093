"""The face of a search for traces: the form, a dot and a line for each trace, and the chosen one as a waterfall."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, Final

import ipywidgets

from meshtutor.charts.searching import trace_scatter, verdict_of
from meshtutor.display import html, text
from meshtutor.telemetry.trace import Trace
from meshtutor.telemetry.traces import NOTHING
from meshtutor.telemetry.waterfall import as_html
from meshtutor.widgets.face import Face
from meshtutor.widgets.figure import living, refill
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.traces_form import TracesForm, choose
from meshtutor.widgets.traces_model import LIMIT, TracesModel

_TREE: Final = '<div style="line-height:1.4;overflow-x:auto">{}</div>'  # ipywidgets' own is that of a slider
_HOW: Final = "One dot, one request: click it."


class TracesView(Face):
    """Links a TracesModel to widgets. The store is asked in a thread, so that a slow one does not stop the page."""

    def __init__(self, model: TracesModel) -> None:
        self._model = model
        self._drawing = threading.RLock()
        self._drawer = 0
        """The thread that sets values now: what it sets, nobody has touched."""
        self._asking = Latest(self._search)
        self._wanted = ""
        """The id of a trace that is to be found; without one the form says what is searched for."""
        self._form = TracesForm(model)
        self._told = ipywidgets.HTML()
        self._dots = living(trace_scatter(model.found, model.chosen))
        self._dotted = (model.found, model.chosen)
        """What the dots are those of."""
        self._list = ipywidgets.Select(rows=6, layout={"width": "100%"})
        self._tree = ipywidgets.HTML(layout={"width": "100%"})
        self._link()
        dots = ipywidgets.VBox([self._dots], layout={"width": "100%"})
        super().__init__([*self._form.rows, self._told, dots, self._list, self._tree])
        self.draw()

    def draw(self) -> None:
        """Show what the model holds."""
        with self._drawing:
            self._drawer = threading.get_ident()
            self._form.offer(self._model)
            self._show_found()
            self._show_trace()
            self._drawer = 0

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._asking.join()
        self._form.close()
        for widget in (self._dots, self._list, self._tree):
            widget.close()
        super().close()

    def _link(self) -> None:
        self._form.button.on_click(lambda _: self._asking.request())
        for widget in self._form.fields.values():
            widget.observe(lambda _: self._touched(), "value")
        self._form.id.observe(lambda change: self._find(change["new"]), "value")
        self._list.observe(lambda change: self._open(change["new"]), "value")
        for dots in self._dots.data[:-1]:
            dots.on_click(self._clicked)

    def _touched(self) -> None:
        if self._drawer != threading.get_ident():
            self._asking.request()

    def _find(self, trace_id: str) -> None:
        if trace_id.strip():
            self._wanted = trace_id
            self._asking.request()

    def _search(self) -> None:
        wanted, self._wanted = self._wanted, ""
        if wanted:
            self._model.find(wanted)
        else:
            for name, widget in self._form.fields.items():
                setattr(self._model, name, widget.value or type(widget.value)())
            self._model.search()
        self.draw()

    def _clicked(self, dots: Any, points: Any, state: Any) -> None:
        del state
        if points.point_inds:
            self._open(dots.customdata[points.point_inds[0]][0])

    def _open(self, trace_id: str | None) -> None:
        if trace_id and trace_id != self._model.chosen:
            self._model.open(trace_id)
            self.draw()

    def _show_found(self) -> None:
        model = self._model
        if self._dotted != (model.found, model.chosen):
            self._draw_dots(model)
        choose(self._list, [(_line(trace), trace.id) for trace in model.found], model.chosen or None)
        if model.error:
            self._told.value = html.notice(model.error, "warn")
        else:
            self._told.value = html.muted(_words(model))

    def _draw_dots(self, model: TracesModel) -> None:
        self._dotted = (model.found, model.chosen)
        refill(self._dots, trace_scatter(*self._dotted).data)

    def _show_trace(self) -> None:
        trace = self._model.trace
        self._tree.value = html.Html(_TREE.format(as_html(trace))) if trace else ""


def _words(model: TracesModel) -> str:
    """What there is to know about the dots."""
    if not model.found.traces:
        return f"No traces like that. {NOTHING}"
    return f"The newest {LIMIT} of more. {_HOW}" if model.more else _HOW


def _line(trace: Trace) -> str:
    began = datetime.fromtimestamp(trace.start).astimezone().strftime("%H:%M:%S")
    verdict = verdict_of(trace)
    said = f" · {verdict}" if verdict != "fine" else ""
    took = text.milliseconds(trace.milliseconds)
    return f"{began} · {took} · {len(trace.spans)} spans · {trace.root.name} {trace.root.request}{said}"
