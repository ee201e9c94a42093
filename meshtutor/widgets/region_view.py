"""The face of a map of regions: how near pods are preferred, the map, and a switch for each region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import ipywidgets

from meshtutor.charts import mapping
from meshtutor.display.colors import SKY
from meshtutor.errors import MeshtutorError
from meshtutor.mesh.crossings import Crossings
from meshtutor.widgets.live import Live
from meshtutor.widgets.pod_watch import PodWatch
from meshtutor.widgets.recorder import Recorder
from meshtutor.widgets.region_model import RegionModel
from meshtutor.widgets.region_rules import DISTRIBUTE, MODES
from meshtutor.widgets.rule_view import RuleView

_HINT: Final = "Choose how to prefer near pods."
_HEIGHT: Final = 330
_STYLE: Final = {"description_width": "9em", "handle_color": SKY}


class RegionView(RuleView):
    """A choice, a slider for the share that stays, a box for outlierDetection; below the map the regions' switches."""

    def __init__(
        self,
        title: str,
        model: RegionModel,
        live: Live[Recorder],
        watch: PodWatch,
        look: Callable[[], Crossings],
    ) -> None:
        self._regions, self._watch, self._look = model, watch, look
        self._switches = {region: _switch(region) for region in model.regions}
        self._drawn = look()
        chart = mapping.region_map(self._drawn, _HEIGHT)
        below = [ipywidgets.HBox(list(self._switches.values()), layout={"flex_flow": "row wrap"})]
        super().__init__(title, model, live, controls=_controls(), chart=chart, hint=_HINT, below=below)
        for region, switch in self._switches.items():
            switch.observe(lambda change, region=region: self._switched(region, on=change["new"]), "value")
        model.observe(lambda _: self._show_switches(), "broken")
        self._show_switches()

    def draw(self) -> None:
        """See RuleView; called from the watch's thread. The same numbers are not drawn again."""
        found = self._look()
        if found != self._drawn:
            self._redraw(found)
            self._drawn = found
        self._show_traffic()

    def _redraw(self, found: Crossings) -> None:
        with self._drawing, self._figure.batch_update():
            for trace, new in zip(self._figure.data, mapping.traces(found), strict=True):
                trace.update(new)
            self._figure.layout.annotations = mapping.titles(found)

    def fill(self) -> None:
        """See RuleView; a share is for `distribute` only."""
        super().fill()
        self._controls["near"].disabled = self._regions.draft["mode"] != DISTRIBUTE

    def trouble(self) -> str:
        """See RuleView."""
        return self._watch.error or super().trouble()

    def seen(self) -> str:
        """See RuleView."""
        return mapping.brief(self._look())

    def close(self) -> None:
        """See RuleView."""
        for switch in self._switches.values():
            switch.close()
        super().close()

    def _switched(self, region: str, *, on: bool) -> None:
        self._live.touch()
        wanted = self._regions.failed | {region} if on else self._regions.failed - {region}
        if wanted == self._regions.failed:
            return
        try:
            self._regions.failed = wanted
        except MeshtutorError as error:
            self._regions.tone, self._regions.message = "bad", str(error)
            self._show_switches()

    def _show_switches(self) -> None:
        for region, switch in self._switches.items():
            switch.value = region in self._regions.failed
            switch.description = f"{region} fails" if switch.value else f"Let {region} fail"
            switch.button_style = "danger" if switch.value else ""


def _controls() -> dict[str, Any]:
    """By the names of a preference's fields."""
    return {
        "mode": ipywidgets.ToggleButtons(options=list(MODES), style={"button_width": "7em"}),
        "near": ipywidgets.IntSlider(
            min=0, max=100, step=5, description="stays near (%)", readout_format="d", style=_STYLE,
            layout={"width": "95%"},
        ),
        "ejects": ipywidgets.Checkbox(description="outlierDetection", indent=False),
    }  # fmt: skip


def _switch(region: str) -> Any:
    return ipywidgets.ToggleButton(description=f"Let {region} fail", icon="bolt", layout={"width": "13em"})
