"""The face of an examination: the request above, a section for each instrument below."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.display import html
from meshtutor.widgets.examination_model import Answer, ExaminationModel
from meshtutor.widgets.face import Face
from meshtutor.widgets.latest import Latest

_STYLE: Final = {"description_width": "initial"}


class ExaminationView(Face):
    """Links an ExaminationModel to widgets."""

    def __init__(self, model: ExaminationModel) -> None:
        self._model = model
        self._worker = Latest(model.examine)
        self._fields = {
            "target": _field("request for", "reviews, or /productpage", "20em"),
            "user": _field("end-user", "anybody", "14em"),
            "sender": _field("from", "client", "14em"),
        }
        self._button = ipywidgets.Button(description="Examine", icon="stethoscope", button_style="primary")
        self._sections = ipywidgets.HTML(layout={"overflow": "auto"})
        self._link()
        form = ipywidgets.HBox(
            [*self._fields.values(), self._button], layout={"flex_flow": "row wrap", "align_items": "center"}
        )
        super().__init__([form, self._sections])
        self._show()

    def close(self) -> None:
        """Take the widgets out of the page."""
        self._worker.join()
        for widget in (*self._fields.values(), self._button, self._sections):
            widget.close()
        super().close()

    def _link(self) -> None:
        for field in self._fields.values():
            field.observe(lambda _: self._edited(), "value")
        self._button.on_click(lambda _: self._worker.request())
        self._model.observe(lambda _: self._show(), ["answers", "busy", *self._fields])

    def _edited(self) -> None:
        """Somebody typed; a field that follows the model has its value already, and asks for nothing."""
        typed = {name: field.value for name, field in self._fields.items()}
        if any(getattr(self._model, name) != value for name, value in typed.items()):
            self._model.describe(typed)
            self._worker.request()

    def _show(self) -> None:
        for name, field in self._fields.items():
            field.value = getattr(self._model, name)
        self._button.disabled = self._model.busy
        if self._model.busy:
            self._sections.value = html.muted("looking ...")
        elif not self._model.answers:
            self._sections.value = html.muted(
                "Press Enter in a field, or the button; nothing in the mesh is changed."
            )
        else:
            self._sections.value = html.join(*map(section, self._model.answers))


def section(answer: Answer) -> html.Html:
    """An instrument's question and what it said."""
    said = html.notice(answer.error, "bad") if answer.error else html.Html(answer.shown._repr_html_())
    head = html.Html(f'<div style="margin:0.8em 0 0.2em"><b>{html.cell(answer.asked)}</b> ')
    name = html.muted(f"mesh.{answer.instrument}")
    return html.join(head, name, html.Html("</div>"), html.Html(f'<div style="line-height:1.3">{said}</div>'))


def _field(label: str, placeholder: str, width: str) -> Any:
    return ipywidgets.Text(description=label, placeholder=placeholder, continuous_update=False, style=_STYLE,
                           layout={"width": width})  # fmt: skip
