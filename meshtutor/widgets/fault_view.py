"""The face of a fault injector: four controls."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.display.colors import BAD, SKY
from meshtutor.widgets.answers_view import AnswersView
from meshtutor.widgets.fault_model import FaultModel
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder

_STATUSES: Final = (400, 401, 403, 404, 418, 429, 500, 502, 503, 504)
_STYLE: Final = {"description_width": "7em"}


class FaultView(AnswersView):
    """Sliders for shares and seconds, a list of statuses."""

    def __init__(self, title: str, model: FaultModel, live: Live[Recorder]) -> None:
        super().__init__(title, model, live, controls=_controls(), hint="Move a slider to inject a fault.")


def _controls() -> dict[str, Any]:
    """By the names of a fault's numbers."""

    def share(label: str, color: str) -> Any:
        return ipywidgets.IntSlider(
            min=0, max=100, description=label, readout_format="d", style={**_STYLE, "handle_color": color},
            layout={"width": "95%"},
        )  # fmt: skip

    return {
        "abort_percent": share("abort %", BAD),
        "abort_status": ipywidgets.Dropdown(
            options=_STATUSES, value=503, description="with status", style=_STYLE, layout={"width": "13em"}
        ),
        "delay_percent": share("delay %", SKY),
        "delay_seconds": ipywidgets.FloatSlider(
            value=1.0, min=0.1, max=3.0, step=0.1, description="by seconds", readout_format=".1f",
            style={**_STYLE, "handle_color": SKY}, layout={"width": "95%"},
        ),
    }  # fmt: skip
