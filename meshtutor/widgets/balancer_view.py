"""The face of a load balancer: three choices, the answers, and below them what each pod gets."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets
import plotly.graph_objects as go

from meshtutor.charts import balancing
from meshtutor.widgets.answers_view import AnswersView
from meshtutor.widgets.balancer_model import BalancerModel
from meshtutor.widgets.balancer_rules import HASHES, KEYS, NAME, SIMPLE
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder

_LABELS: Final = {
    "httpHeaderName": f"header {NAME}",
    "httpCookie": f"cookie {NAME}",
    "httpQueryParameterName": f"query parameter {NAME}",
    "useSourceIp": "source address",
}
_ONE: Final = "alice"


class BalancerView(AnswersView):
    """Which algorithm, which key, and whose requests are sent."""

    def __init__(self, title: str, model: BalancerModel, live: Live[Recorder]) -> None:
        chart = balancing.balanced(live.observer.under_the_rule(), names=("",), height=260)
        self._pods = go.FigureWidget(data=chart.data, layout=chart.layout)
        self._pods._config = {"displayModeBar": False, "responsive": True}
        hint = "Choose an algorithm to apply it."
        super().__init__(title, model, live, controls=_controls(), hint=hint, below=[self._pods])

    def draw(self) -> None:
        """See AnswersView; the pods' bars move as well."""
        super().draw()
        found = balancing.settings(self._live.observer.under_the_rule())
        with self._pods.batch_update():
            for trace, new in zip(self._pods.data, found, strict=True):
                trace.update(new)


def _controls() -> dict[str, Any]:
    """By the names of a balancer's fields."""
    algorithms = [*((name, name) for name in SIMPLE), *((f"consistentHash, {name}", name) for name in HASHES)]
    return {
        "algorithm": _choice("loadBalancer", algorithms),
        "key": _choice("consistentHash by", [(_LABELS[key], key) for key in KEYS]),
        "user": _choice("requests of", [("20 users in turn", ""), (_ONE, _ONE)]),
    }


def _choice(label: str, options: list[tuple[str, str]]) -> Any:
    return ipywidgets.Dropdown(
        options=options, description=label, style={"description_width": "10em"}, layout={"width": "26em"}
    )
