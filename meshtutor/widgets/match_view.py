"""The face of a match builder: the form on the left, the YAML it writes on the right, the table of requests below."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.display import html
from meshtutor.display.colors import color_of
from meshtutor.display.yaml import Listing
from meshtutor.widgets.face import Face
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.match_model import MatchModel, Row
from meshtutor.widgets.match_rules import KINDS, Form, Probe

_METHODS: Final = (("any", ""), ("GET", "GET"), ("POST", "POST"), ("DELETE", "DELETE"))
_LABEL: Final = "6.5em"


class MatchView(Face):
    """Links a MatchModel to widgets; what is shown always comes from the model."""

    def __init__(self, title: str, probes: tuple[Probe, ...], model: MatchModel) -> None:
        self._model = model
        self._probes = probes
        self._syncing = False
        self._applier = Latest(model.settle)
        self._fields = _fields()
        self._status, self._table = ipywidgets.HTML(), ipywidgets.HTML(layout={"overflow": "auto"})
        self._yaml = ipywidgets.HTML(layout={"width": "100%"})
        self._button = ipywidgets.Button(
            description="Send the requests",
            icon="paper-plane",
            layout={"width": "14em", "margin": "0.3em 0 0.3em 7em"},
        )
        self._link()
        super().__init__(self._arranged(title))
        self._show_draft()
        self._show_results()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (*self._fields.values(), self._button):
            widget.close()
        super().close()

    def _link(self) -> None:
        for widget in self._fields.values():
            widget.observe(lambda _: self._edited(), "value")
        self._button.on_click(lambda _: self._applier.request())
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed", "yaml"])
        self._model.observe(lambda _: self._show_results(), ["rows", "message", "tone", "busy"])

    def _arranged(self, title: str) -> list[Any]:
        field = self._fields
        heading = ipywidgets.HTML(html.Html(f"<b>{html.cell(title)}</b>"))
        form = ipywidgets.VBox(
            [
                ipywidgets.HBox([field["uri_kind"], field["uri"]]),
                ipywidgets.HBox([field["user_kind"], field["user"]]),
                field["method"],
                field["query"],
                self._button,
                self._status,
            ],
            layout={"flex": "1 1 26em", "min_width": "24em"},
        )
        yaml = ipywidgets.Box(
            [self._yaml], layout={"flex": "1 1 20em", "max_height": "30em", "overflow": "auto"}
        )
        return [heading, ipywidgets.HBox([form, yaml], layout={"flex_flow": "row wrap"}), self._table]

    def _edited(self) -> None:
        if self._syncing:
            return
        self._model.draft = Form(
            **{name: widget.value.strip() for name, widget in self._fields.items()}
        ).match()
        self._applier.request()

    def _show_draft(self) -> None:
        self._syncing = True
        try:
            form = Form.of(self._model.draft)
            for name, widget in self._fields.items():
                value = getattr(form, name)
                # a condition without a value says nothing about its kind: keep what was chosen
                if not name.endswith("_kind") or getattr(form, name.removesuffix("_kind")):
                    widget.value = value
        finally:
            self._syncing = False
        self._yaml.value = Listing(self._model.yaml, frozenset(self._model.changed))._repr_html_()

    def _show_results(self) -> None:
        busy = html.muted("sending ...") if self._model.busy and not self._model.message else ""
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        hint = html.muted("Change a field and press Enter, or send the requests.")
        self._status.value = html.join(*lines) or busy or hint
        self._table.value = table(self._probes, self._model.rows)


def table(probes: tuple[Probe, ...], rows: tuple[Row, ...]) -> html.Html:
    """A row per request; before anything was sent, who answers is not known."""
    if not rows:
        cells = [(_code(probe), "", html.muted("not sent yet"), "") for probe in probes]
    else:
        cells = [
            (
                _code(row.probe),
                html.named(row.version, color_of(row.version)),
                _rule(row),
                html.muted(row.why),
            )
            for row in rows
        ]
    made = html.table(("request", "version", "caught by", "why, or why not"), cells)
    return html.Html(f'<div style="line-height:1.3">{made}</div>')  # ipywidgets' own is that of a slider


def _code(probe: Probe) -> html.Html:
    return html.Html(f'<code style="white-space:pre">{html.cell(probe.words)}</code>')


def _rule(row: Row) -> html.Html:
    rule = html.cell(row.rule or ("your match" if row.caught else "the rest"))
    shown = f"<b>✓ {rule}</b>" if row.caught else html.muted(f"– {rule}")
    return html.Html(f'<span style="white-space:nowrap">{shown}</span>')


def _fields() -> dict[str, Any]:
    style = {"description_width": _LABEL}

    def kind(label: str, value: str) -> Any:
        return ipywidgets.Dropdown(
            options=KINDS, value=value, description=label, style=style, layout={"width": "14em"}
        )

    def line(placeholder: str, **more: Any) -> Any:
        layout = {"width": "12em", **more.pop("layout", {})}
        return ipywidgets.Text(placeholder=placeholder, continuous_update=False, layout=layout, **more)

    return {
        "uri_kind": kind("path", "prefix"),
        "uri": line("any path"),
        "user_kind": kind("end-user", "exact"),
        "user": line("anybody"),
        "method": ipywidgets.Dropdown(
            options=_METHODS, value="", description="method", style=style, layout={"width": "14em"}
        ),
        "query": line("name=value", description="query", style=style, layout={"width": "26em"}),
    }
