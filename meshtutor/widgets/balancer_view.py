"""The face of a load balancer: three choices, and below them what each pod gets and how long callers wait."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.charts import answering, balancing
from meshtutor.widgets.balancer_model import BalancerModel
from meshtutor.widgets.balancer_rules import HASHES, KEYS, NAME, SIMPLE
from meshtutor.widgets.live import Live
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.rule_view import RuleView

_LABELS: Final = {
    "httpHeaderName": f"header {NAME}",
    "httpCookie": f"cookie {NAME}",
    "httpQueryParameterName": f"query parameter {NAME}",
    "useSourceIp": "source address",
}
_CHART_HEIGHT: Final = 320


class BalancerView(RuleView):
    """Which algorithm, which key, and whose requests are sent."""

    def __init__(self, title: str, model: BalancerModel, live: Live[Recorder]) -> None:
        self._recorder = live.observer
        chart = balancing.balanced(self._recorder.under_the_rule(), names=("",), height=_CHART_HEIGHT)
        hint = "Choose an algorithm to apply it."
        super().__init__(title, model, live, controls=_controls(), chart=chart, hint=hint)

    def draw(self) -> None:
        """See RuleView; called from the recorder's thread."""
        recorder = self._recorder
        found = balancing.settings(recorder.under_the_rule(), among=recorder.recent())
        with self._drawing, self._figure.batch_update():
            for trace, new in zip(self._figure.data, found, strict=True):
                trace.update(new)
        self._show_traffic()

    def seen(self) -> str:
        """See RuleView."""
        return answering.words(self._recorder.under_the_rule(), {})

    def fill(self) -> None:
        """See RuleView; only a hash has a key."""
        super().fill()
        self._controls["key"].disabled = self._model.draft["algorithm"] in SIMPLE


def _controls() -> dict[str, Any]:
    """By the names of a balancer's fields."""
    algorithms = [*((name, name) for name in SIMPLE), *((f"consistentHash, {name}", name) for name in HASHES)]
    return {
        "algorithm": _choice("loadBalancer", algorithms),
        "key": _choice("consistentHash by", [(_LABELS[key], key) for key in KEYS]),
        "user": _choice("requests of", [("20 users in turn", ""), ("alice", "alice"), ("bob", "bob")]),
    }


def _choice(label: str, options: list[tuple[str, str]]) -> Any:
    return ipywidgets.Dropdown(
        options=options, description=label, style={"description_width": "10em"}, layout={"width": "26em"}
    )
