"""The face of a mirror: one slider, and what reached both versions."""

from __future__ import annotations

from typing import Any, Final

import ipywidgets

from meshtutor.charts import mirroring
from meshtutor.display.colors import color_of
from meshtutor.widgets.live import Live
from meshtutor.widgets.mirror_model import MirrorModel
from meshtutor.widgets.mirror_watch import MirrorWatch
from meshtutor.widgets.rule_view import RuleView

_CHART_HEIGHT: Final = 220
_HINT: Final = "Move the slider to send copies."


class MirrorView(RuleView):
    """The share of requests that the dark version gets a copy of."""

    def __init__(self, title: str, model: MirrorModel, live: Live[MirrorWatch]) -> None:
        self._mirror, self._watch = model, live.observer
        chart = mirroring.mirrored(self._watch.counts, model.live, model.dark, model.percent, _CHART_HEIGHT)
        super().__init__(title, model, live, controls={"percent": _slider(model)}, chart=chart, hint=_HINT)

    def draw(self) -> None:
        """See RuleView; called from the watch's thread."""
        model = self._mirror
        found = mirroring.bars(self._watch.counts, model.live, model.dark, model.percent)
        with self._drawing, self._figure.batch_update():
            for trace, new in zip(self._figure.data, mirroring.settings(found, model.percent), strict=True):
                trace.update(new)
        self._show_traffic()

    def fill(self) -> None:
        """See RuleView; the slider knows whole numbers only."""
        self._controls["percent"].value = round(self._mirror.draft["percent"])

    def trouble(self) -> str:
        """See RuleView."""
        return self._watch.error or super().trouble()

    def seen(self) -> str:
        """See RuleView."""
        model = self._mirror
        return mirroring.words(self._watch.counts, model.live, model.dark, model.percent)


def _slider(model: MirrorModel) -> Any:
    return ipywidgets.IntSlider(
        value=0, min=0, max=100, description=f"copies to {model.dark}, %", readout_format="d",
        style={"description_width": "9em", "handle_color": color_of(model.dark)}, layout={"width": "95%"},
    )  # fmt: skip
