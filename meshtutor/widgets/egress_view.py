"""The face of an egress policy: the switch and the hosts above, the destinations and the YAML below."""

from __future__ import annotations

from typing import Any

import ipywidgets

from meshtutor.display import html
from meshtutor.display.colors import color_of
from meshtutor.display.yaml import Listing
from meshtutor.widgets.egress_model import HEADINGS, EgressModel, Passage
from meshtutor.widgets.egress_rules import MODES
from meshtutor.widgets.face import Face
from meshtutor.widgets.latest import Latest


class EgressView(Face):
    """Links an EgressModel to widgets; a click applies at once, and what is shown comes from the model."""

    def __init__(self, model: EgressModel) -> None:
        self._model = model
        self._syncing = False
        self._applier = Latest(model.settle)
        self._mode = ipywidgets.ToggleButtons(options=MODES)
        self._ticks = {host: _tick(host) for host in model.around.hosts}
        self._button = ipywidgets.Button(description="Apply and call", icon="paper-plane")
        self._status = ipywidgets.HTML()
        self._table = ipywidgets.HTML(layout={"overflow": "auto"})
        self._yaml = ipywidgets.HTML(layout={"width": "100%", "max_height": "30em", "overflow": "auto"})
        self._link()
        super().__init__(self._arranged())
        self._show_draft()
        self._show_results()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (self._mode, *self._ticks.values(), self._button):
            widget.close()
        super().close()

    def _link(self) -> None:
        for widget in (self._mode, *self._ticks.values()):
            widget.observe(lambda _: self._edited(), "value")
        self._button.on_click(lambda _: self._applier.request())
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed", "yaml"])
        self._model.observe(lambda _: self._show_results(), ["passages", "message", "tone", "busy"])

    def _arranged(self) -> list[Any]:
        label = ipywidgets.HTML(html.muted("registered, by a ServiceEntry each"))
        row = {"flex_flow": "row wrap", "align_items": "center"}
        return [
            ipywidgets.HTML(html.Html("<b>What may leave the namespace</b>")),
            ipywidgets.HBox([self._mode, self._button], layout=row),
            ipywidgets.HBox([label, *self._ticks.values()], layout=row),
            self._status,
            self._table,
            self._yaml,
        ]

    def _edited(self) -> None:
        if self._syncing:
            return
        ticked = tuple(host for host, tick in self._ticks.items() if tick.value)
        self._model.draft = {"mode": self._mode.value, "registered": ticked}
        self._applier.request()

    def _show_draft(self) -> None:
        self._syncing = True
        try:
            self._mode.value = self._model.draft["mode"]
            for host, tick in self._ticks.items():
                tick.value = host in self._model.draft["registered"]
        finally:
            self._syncing = False
        self._yaml.value = Listing(self._model.yaml, frozenset(self._model.changed))._repr_html_()

    def _show_results(self) -> None:
        hint = html.muted("Switch, or tick a host: the policy is applied, and every destination called.")
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        self._status.value = html.muted("calling ...") if self._model.busy else html.join(*lines) or hint
        self._table.value = table(self._model.passages)


def table(passages: tuple[Passage, ...]) -> html.Html:
    """A row per destination, its status in its colour."""
    rows = ((one.words[0], _status(one), *one.words[2:]) for one in passages)
    return (
        html.Html(f'<div style="line-height:1.3">{html.table(HEADINGS, rows)}</div>')
        if passages
        else html.Html("")
    )


def _status(one: Passage) -> html.Html:
    return html.named(one.words[1], color_of(one.words[1]))


def _tick(host: str) -> Any:
    return ipywidgets.Checkbox(description=host, indent=False, layout={"width": "auto", "margin": "0 1em"})
