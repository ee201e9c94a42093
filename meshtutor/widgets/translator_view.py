"""The face of a route translator: the controls above, the two forms side by side, the table of requests below."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.display import html
from meshtutor.display.colors import color_of
from meshtutor.display.yaml import Listing
from meshtutor.widgets.face import Face
from meshtutor.widgets.latest import Latest
from meshtutor.widgets.match_rules import Probe
from meshtutor.widgets.translator_model import Counts, TranslatorModel
from meshtutor.widgets.translator_rules import FORMS, PATH_KINDS

_LABEL: Final = "6.5em"


class TranslatorView(Face):
    """Links a TranslatorModel to widgets; what is shown always comes from the model."""

    def __init__(self, title: str, model: TranslatorModel) -> None:
        self._model = model
        self._syncing = False
        self._both = False
        self._applier = Latest(self._work)
        self._fields = _fields(model.backends.chosen)
        self._buttons = [
            ipywidgets.Button(description="Apply this form", icon="paper-plane"),
            ipywidgets.Button(description="Try both", icon="columns"),
        ]
        self._status = ipywidgets.HTML()
        self._table = ipywidgets.HTML(layout={"overflow": "auto"})
        self._yaml = {form: ipywidgets.HTML(layout={"width": "100%"}) for form in FORMS}
        self._link()
        super().__init__(self._arranged(title))
        self._show_draft()
        self._show_results()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._applier.join()
        for widget in (*self._fields.values(), *self._buttons):
            widget.close()
        super().close()

    def _link(self) -> None:
        for widget in self._fields.values():
            widget.observe(lambda _: self._edited(), "value")
        for button, both in zip(self._buttons, (False, True), strict=True):
            button.on_click(lambda _, both=both: self._asked(both))
        self._model.observe(lambda _: self._show_draft(), ["draft", "changed"])
        self._model.observe(lambda _: self._show_results(), ["answers", "message", "tone", "busy", "draft"])

    def _arranged(self, title: str) -> list[Any]:
        field = self._fields
        heading = ipywidgets.HTML(html.Html(f"<b>{html.cell(title)}</b>"))
        controls = ipywidgets.HBox(
            [
                ipywidgets.VBox(
                    [ipywidgets.HBox([field["path_kind"], field["path"]]), field["user"], field["percent"]]
                ),
                ipywidgets.VBox([field["form"], ipywidgets.HBox(self._buttons)]),
            ],
            layout={"flex_flow": "row wrap"},
        )
        listings = [
            ipywidgets.VBox([ipywidgets.HTML(html.muted(form)), self._yaml[form]],
                            layout={"flex": "1 1 22em", "min_width": "20em", "overflow": "auto"})
            for form in FORMS
        ]  # fmt: skip
        return [
            heading,
            controls,
            self._status,
            ipywidgets.HBox(listings, layout={"flex_flow": "row wrap"}),
            self._table,
        ]

    def _edited(self) -> None:
        if self._syncing:
            return
        values = {name: widget.value for name, widget in self._fields.items()}
        path = values["path"].strip()
        values["path"] = f"/{path}" if path and not path.startswith("/") else path
        self._model.draft = {**values, "user": values["user"].strip()}

    def _asked(self, both: bool) -> None:
        self._both = both
        self._applier.request()

    def _work(self) -> None:
        if self._both:
            self._model.settle_both()
        else:
            self._model.settle()

    def _show_draft(self) -> None:
        self._syncing = True
        try:
            for name, widget in self._fields.items():
                widget.value = self._model.draft[name]
        finally:
            self._syncing = False
        for form, text in self._model.texts().items():
            self._yaml[form].value = Listing(text)._repr_html_()

    def _show_results(self) -> None:
        busy = html.muted("sending ...") if self._model.busy else ""
        lines = (html.notice(line, self._model.tone) for line in self._model.message.splitlines())
        hint = html.muted("Build a route, then apply one form, or try both in turn.")
        self._status.value = busy or html.join(*lines) or hint
        self._table.value = table(self._model.probes, self._model.answers)


def table(probes: tuple[Probe, ...], answers: dict[str, tuple[Counts, ...]]) -> html.Html:
    """A row per request, a column per form; what was not sent yet is empty."""
    rows = [
        (
            html.Html(f'<code style="white-space:pre">{html.cell(probe.words)}</code>'),
            *(
                _answered(answers[form][index]) if form in answers else html.muted("not sent yet")
                for form in FORMS
            ),
        )
        for index, probe in enumerate(probes)
    ]
    return html.Html(f'<div style="line-height:1.3">{html.table(("request", *FORMS), rows)}</div>')


def _answered(counts: Counts) -> html.Html:
    parts = (html.named(f"{name} {count}", color_of(name)) for name, count in sorted(counts.items()))
    return html.Html(" · ".join(parts))


def _fields(chosen: str) -> dict[str, Any]:
    style = {"description_width": _LABEL}
    line = {"continuous_update": False, "style": style}
    return {
        "path_kind": ipywidgets.Dropdown(
            options=PATH_KINDS, description="path", style=style, layout={"width": "15em"}
        ),
        "path": ipywidgets.Text(placeholder="any path", continuous_update=False, layout={"width": "12em"}),
        "user": ipywidgets.Text(
            placeholder="anybody", description="end-user", layout={"width": "15em"}, **line
        ),
        "percent": ipywidgets.IntSlider(
            min=0, max=100, step=5, description=f"% to {chosen}", layout={"width": "27em"}, **line
        ),
        "form": ipywidgets.ToggleButtons(options=FORMS, layout={"margin": "0 0 0.4em 0"}),
    }
