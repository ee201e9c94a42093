"""What the faces of rules share: controls on the left, the YAML they write on the right, a live chart below.

A subclass brings controls and a figure, and says how a control's value becomes the draft, how the draft fills the
controls, and how the figure follows the traffic.
"""

from __future__ import annotations

import textwrap
import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import ipywidgets

from meshtutor.charts.chart import Chart
from meshtutor.display import html
from meshtutor.display.yaml import Listing
from meshtutor.widgets.face import Face
from meshtutor.widgets.figure import living
from meshtutor.widgets.heartbeat import Beat, Heartbeat
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.live import Live

_ERROR_LETTERS: Final = 60


class Model(Protocol):
    """What a face needs of a model: traits to show, and a draft that can be put in force."""

    draft: Any
    yaml: str
    changed: Any
    message: str
    tone: Any
    busy: bool

    def settle(self) -> bool:
        """Put the draft in force."""

    def observe(self, handler: Any, names: Any) -> None:
        """As of traitlets."""


class RuleView(Face):
    """Links a model and its Live part to widgets; what is shown always comes from these two.

    `note` stands beside the title, `hint` where the last change is told before the first one; `below` are widgets
    under the chart.
    """

    def __init__(
        self, title: str, model: Model, live: Live[Any], *, controls: Mapping[str, Any], chart: Chart, hint: str,
        note: str = "", below: Sequence[Any] = (),
    ) -> None:  # fmt: skip
        self._model, self._live, self._hint, self._below = model, live, hint, tuple(below)
        self._syncing = False
        self._drawing = threading.Lock()
        self._applier = Latest(model.settle)
        self._controls = dict(controls)
        self._status, self._traffic = ipywidgets.HTML(), ipywidgets.HTML()
        self._yaml = ipywidgets.HTML(layout={"width": "100%"})
        self._button = ipywidgets.Button(layout={"flex": "0 0 11em"})
        self._figure = living(chart)
        self._heartbeat = Heartbeat(self._beat, live.rest)
        self._link()
        super().__init__(self._arranged(title, note))
        self.refresh()

    @abstractmethod
    def draw(self) -> None:
        """Move the chart to what is known now, in place; called from the observer's thread."""

    @abstractmethod
    def seen(self) -> str:
        """What the traffic shows, in a line."""

    def trouble(self) -> str:
        """Why there is nothing to see, or an empty string."""
        return self._live.note

    def edited(self, name: str, value: Any) -> None:
        """A control was moved: the draft follows."""
        self._model.draft = {**self._model.draft, name: value}

    def fill(self) -> None:
        """The controls follow the draft; a list of choices takes in a value that it did not offer."""
        for name, widget in self._controls.items():
            value = self._model.draft[name]
            if isinstance(widget, ipywidgets.Dropdown) and value not in _values(widget):
                widget.options = [*widget.options, (str(value), value)]
            widget.value = value

    def refresh(self) -> None:
        """Show the model and the traffic as they are now."""
        self._show_draft()
        self._show_status()
        self._show_traffic()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (self._heartbeat, self._figure, self._button, *self._below, *self._controls.values()):
            widget.close()
        super().close()

    def _link(self) -> None:
        for name, widget in self._controls.items():
            widget.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
        self._button.on_click(self._toggled)
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed", "yaml"])
        self._model.observe(lambda _: self._show_status(), ["message", "tone", "busy"])

    def _arranged(self, title: str, note: str) -> list[Any]:
        heading = ipywidgets.HTML(html.join(html.Html(f"<b>{html.cell(title)}</b> "), html.muted(note)))
        controls = ipywidgets.VBox(
            [*self._controls.values(), self._status, ipywidgets.HBox([self._button, self._traffic])],
            layout={"flex": "1 1 26em", "min_width": "22em"},
        )
        yaml = ipywidgets.Box(
            [self._yaml], layout={"flex": "1 1 20em", "max_height": "28em", "overflow": "auto"}
        )
        above = ipywidgets.HBox([controls, yaml], layout={"flex_flow": "row wrap"})
        return [heading, above, self._figure, *self._below, self._heartbeat]

    def _moved(self, name: str, value: Any) -> None:
        if self._syncing:
            return
        self._live.touch()
        self.edited(name, value)
        self._applier.request()

    def _toggled(self, button: Any) -> None:
        del button
        if self._live.paused:
            self._live.resume()
        else:
            self._live.pause()
        self._show_traffic()

    def _beat(self, beat: Beat) -> None:
        self._live.beat(beat)
        self._show_traffic()

    def _show_draft(self) -> None:
        self._syncing = True
        try:
            self.fill()
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
        rate = f"{load.rate:g} requests/s" if load else "no traffic yet"
        last = textwrap.shorten(load.last_error, _ERROR_LETTERS) if load else ""
        failed = f", {load.failed} failed: {last}" if load and load.failed else ""
        trouble = self.trouble()
        self._traffic.value = (
            html.notice(trouble, "warn") if trouble else html.muted(f"{rate}{failed} · {self.seen()}")
        )


def _values(dropdown: Any) -> list[Any]:
    return [option[1] if isinstance(option, tuple) else option for option in dropdown.options]
