"""The face of a retry tuner: four controls."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.display.colors import SKY
from meshtutor.widgets.answers_view import AnswersView
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.retry_model import RetryModel
from meshtutor.widgets.retry_rules import CONDITIONS

_LABEL: Final = "10em"
_STYLE: Final = {"description_width": _LABEL, "handle_color": SKY}


class RetryView(AnswersView):
    """How often, on what, how long each try and how long in all; 0 seconds mean no limit."""

    def __init__(self, title: str, model: RetryModel, live: Live[Recorder]) -> None:
        super().__init__(title, model, live, controls=_controls(), hint="Move a slider to apply the rule.")


def _controls() -> dict[str, Any]:
    """By the names of a policy's fields."""
    wide = {"width": "95%"}
    return {
        "attempts": ipywidgets.IntSlider(
            min=0, max=5, description="retries.attempts", readout_format="d", style=_STYLE, layout=wide
        ),
        "retry_on": ipywidgets.Dropdown(
            options=CONDITIONS,
            description="retryOn",
            style={"description_width": _LABEL},
            layout={"width": "24em"},
        ),
        "per_try_timeout": _seconds("perTryTimeout (s)"),
        "timeout": _seconds("timeout (s)"),
    }


def _seconds(label: str) -> Any:
    return ipywidgets.FloatSlider(
        min=0.0,
        max=3.0,
        step=0.1,
        description=label,
        readout_format=".1f",
        style=_STYLE,
        layout={"width": "95%"},
    )
