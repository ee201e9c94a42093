"""The face of a graph: the picture, beside it a panel for what was clicked, below it what can be sent and chosen."""

from __future__ import annotations

import threading
from typing import Any, Final

import ipywidgets
import plotly.graph_objects as go

from meshtutor.charts import graphing
from meshtutor.display import html
from meshtutor.widgets import graph_details
from meshtutor.widgets.face import Face
from meshtutor.widgets.figure import living, refill
from meshtutor.widgets.graph_model import GraphModel
from meshtutor.widgets.heartbeat import Heartbeat
from meshtutor.widgets.live import Live
from meshtutor.widgets.watcher import Watcher

_PANEL_HEIGHT: Final = "34em"


class GraphView(Face):
    """Links a GraphModel and its Live part to widgets; what is shown always comes from these two."""

    def __init__(self, model: GraphModel, live: Live[Watcher]) -> None:
        self._model = model
        self._live = live
        self._drawing = threading.RLock()
        self._offering = False
        self._shown: dict[str, Any] = graphing.look(model.graph, model.layout)
        self._figure = _figure(model)
        self._numbers = ipywidgets.HTML(layout={"width": "100%"})
        self._rules = ipywidgets.HTML(layout={"width": "100%"})
        self._status = ipywidgets.HTML()
        self._button = ipywidgets.Button(layout={"flex": "0 0 11em"})
        self._choice = ipywidgets.Dropdown(
            options=model.choices, value="", description="Show", style={"description_width": "3em"},
            layout={"width": "22em"},
        )  # fmt: skip
        self._heartbeat = Heartbeat(live.beat, live.rest)
        self._link()
        super().__init__(self._arranged())
        self.draw()

    def draw(self) -> None:
        """Put the newest numbers into the picture, in place; called from the watcher's thread."""
        with self._drawing:
            self._draw_figure()
            self._offer()
            self._show_panel()
            self._show_status()

    def close(self) -> None:
        """Take the widgets out of the page."""
        for widget in (self._heartbeat, self._figure, self._choice, self._button):
            widget.close()
        super().close()

    def _link(self) -> None:
        for index in (graphing.NUMBERS, graphing.NODES):
            self._figure.data[index].on_click(self._clicked)
        self._choice.observe(self._chosen, "value")
        self._button.on_click(self._toggled)
        self._model.observe(lambda _: self.draw(), "selected")

    def _arranged(self) -> list[Any]:
        panel = ipywidgets.VBox(
            [self._numbers, self._rules],
            layout={"flex": "1 1 17em", "min_width": "16em", "max_height": _PANEL_HEIGHT, "overflow": "auto"},
        )
        picture = ipywidgets.VBox([self._figure], layout={"flex": "4 1 46em", "min_width": "min(50em, 100%)"})
        beside = ipywidgets.HBox([picture, panel], layout={"flex_flow": "row wrap"})
        below = ipywidgets.HBox([self._button, self._choice, self._status], layout={"flex_flow": "row wrap"})
        return [beside, below, self._heartbeat]

    def _draw_figure(self) -> None:
        """Only what has changed is sent to the page."""
        model, figure = self._model, self._figure
        look = graphing.look(model.graph, model.layout)
        changed = {name: part for name, part in look.items() if self._shown.get(name) != part}
        refill(figure, graphing.traces(model.graph, model.layout, model.selected))
        if changed:
            figure.plotly_relayout(changed)
        self._shown = look

    def _offer(self) -> None:
        """What can be chosen; an ipywidgets Dropdown forgets its value when its options change."""
        choices = self._model.choices
        if self._model.selected not in {id_ for _, id_ in choices}:
            choices.append(("gone", self._model.selected))
        self._offering = True
        try:
            if list(self._choice.options) != choices:
                self._choice.options = choices
            if self._choice.value != self._model.selected:
                self._choice.value = self._model.selected
        finally:
            self._offering = False

    def _show_panel(self) -> None:
        """Apart, because what is drawn anew folds up again: a rule's YAML stays open while the numbers follow."""
        model = self._model
        told = (
            graph_details.numbers(model.graph, model.chosen),
            graph_details.rules(model.chosen, model.rules),
        )
        for part, drawn in zip((self._numbers, self._rules), told, strict=True):
            if drawn != part.value:
                part.value = drawn

    def _show_status(self) -> None:
        live, load = self._live, self._live.load
        self._button.description = "Send traffic" if live.paused else "Stop traffic"
        self._button.icon = "play" if live.paused else "stop"
        sent = f"{load.rate:g} requests/s, {load.sent} sent · " if load and not live.paused else ""
        trouble = self._model.error or live.note
        words = f"{sent}the last {self._model.graph.window:g} s"
        self._status.value = html.notice(trouble, "warn") if trouble else html.muted(words)

    def _clicked(self, trace: Any, points: Any, state: Any) -> None:
        del state
        if points.point_inds:
            self._select(str(trace.customdata[points.point_inds[0]]))

    def _chosen(self, change: Any) -> None:
        if not self._offering:
            self._select(change["new"])

    def _select(self, id_: str) -> None:
        self._live.touch()
        self._model.selected = id_ or ""

    def _toggled(self, button: Any) -> None:
        del button
        if self._live.paused:
            self._live.resume()
        else:
            self._live.pause("")
        self._show_status()


def _figure(model: GraphModel) -> Any:
    graph, layout = model.graph, model.layout
    return living(go.Figure(data=graphing.traces(graph, layout), layout=graphing.look(graph, layout)))
