"""What a search for traces can be told, as fields: the same ones that Jaeger's search page has."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.widgets.traces_model import RANGES, TracesModel

ANY: Final = "any operation"
_ROW: Final = {"flex_flow": "row wrap", "align_items": "center"}
_STYLE: Final = {"description_width": "initial"}
_LONGEST: Final = 600_000.0


class TracesForm:
    """`fields` by the trait that each is for; `id` is the field of a single trace's id, `rows` all as they stand."""

    def __init__(self, model: TracesModel) -> None:
        self.fields = _fields(model)
        self.button = ipywidgets.Button(description="Search", icon="search", layout={"width": "6.5em"})
        self.id = ipywidgets.Text(
            description="or one by its id", placeholder="32 hexadecimal digits", continuous_update=False,
            style=_STYLE, layout={"width": "30em"},
        )  # fmt: skip
        named = self.fields
        self.rows = [
            _row(named["service"], named["operation"], named["seconds"], self.button),
            _row(named["slower_than"], named["faster_than"], named["tags"], named["failed"]),
            _row(self.id),
        ]

    def offer(self, model: TracesModel) -> None:
        """The choices that there are now, and what the model has chosen of them."""
        fields = self.fields
        services = [(name, name) for name in model.services or (model.service,)]
        choose(fields["service"], services, model.service)
        operations = [(ANY, ""), *((name, name) for name in model.operations)]
        choose(fields["operation"], operations, model.operation)
        ranges = list(RANGES.items())
        if model.seconds not in RANGES.values():
            ranges.append((f"{model.seconds / 60:g} min", model.seconds))
        choose(fields["seconds"], ranges, model.seconds)

    def close(self) -> None:
        """Take the fields out of the page."""
        for widget in (*self.fields.values(), self.button, self.id):
            widget.close()


def choose(choice: Any, options: list[tuple[str, Any]], value: Any) -> None:
    """Options before the value, and neither if nothing changed: the page would lose its focus."""
    if list(choice.options) != options:
        choice.options = options
    if choice.value != value and (value is None or value in {key for _, key in options}):
        choice.value = value


def _row(*widgets: Any) -> Any:
    return ipywidgets.HBox(widgets, layout=_ROW)


def _fields(model: TracesModel) -> dict[str, Any]:
    return {
        "service": ipywidgets.Dropdown(description="Of", options=[], style=_STYLE, layout={"width": "19em"}),
        "operation": ipywidgets.Dropdown(options=[], style=_STYLE, layout={"width": "12em"}),
        "seconds": ipywidgets.Dropdown(
            description="of the last", options=[], style=_STYLE, layout={"width": "14.5em"}
        ),
        "slower_than": _milliseconds("slower than (ms)", model.slower_than, "12.5em"),
        "faster_than": _milliseconds("faster than (ms, 0: any)", model.faster_than, "16em"),
        "tags": ipywidgets.Text(
            value=model.tags, description="with tags", placeholder="http.status_code=503 key=value",
            continuous_update=False, style=_STYLE, layout={"width": "22em"},
        ),
        "failed": ipywidgets.Checkbox(
            value=model.failed, description="only with an error", indent=False,
            layout={"width": "10.5em", "margin": "6px 2px 0 8px"},
        ),
    }  # fmt: skip


def _milliseconds(description: str, value: float, width: str) -> Any:
    return ipywidgets.BoundedFloatText(
        value=value, min=0, max=_LONGEST, step=10, description=description, style=_STYLE, layout={"width": width}
    )  # fmt: skip
