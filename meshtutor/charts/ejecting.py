"""Which pod took part when: a band per pod, with gaps where it was ejected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display.colors import BAD, GOOD, GREY
from meshtutor.telemetry.ejections import EJECTED, IN, UNHEALTHY, Spell, ejections

SECONDS: Final = 30.0
_LOOKS: Final = {
    IN: ("gets requests", GOOD, ""),
    EJECTED: ("ejected", BAD, "/"),
    UNHEALTHY: ("not ready", GREY, "x"),
}


def ejected(found: Sequence[Spell], now: float, height: int = 170) -> Chart:
    """The figure of the last half minute; `now` (seconds since the epoch) is the right edge."""
    ticks = [-30, -20, -10, 0]
    x = axis("seconds ago", range=[-SECONDS, 0.5], tickvals=ticks, ticktext=["30", "20", "10", "now"])
    y = axis("", type="category", autorange="reversed")
    drawn = [_bars(state, found, now) for state in _LOOKS]
    return Chart(
        drawn, layout(x, y, height=height, barmode="overlay", bargap=0.35, uirevision="kept"), words(found)
    )


def bars(state: str, found: Sequence[Spell], now: float) -> tuple[list[str], list[float], list[float]]:
    """(pods, where each bar begins, how long it is) for one state, so that a live chart can be updated in place."""
    mine = [spell for spell in found if spell.state == state and spell.end > now - SECONDS]
    starts = [max(spell.start - now, -SECONDS) for spell in mine]
    lengths = [spell.end - now - start for spell, start in zip(mine, starts, strict=True)]
    return [spell.pod for spell in mine], starts, lengths


def words(found: Sequence[Spell]) -> str:
    """Each ejection in a line."""
    lines = [f"{spell.pod} was ejected for {spell.end - spell.start:.1f} s" for spell in ejections(found)]
    return "\n".join(lines) or "no pod was ejected"


STATES: Final = tuple(_LOOKS)


def _bars(state: str, found: Sequence[Spell], now: float) -> Any:
    name, color, pattern = _LOOKS[state]
    pods, starts, lengths = bars(state, found, now)
    return go.Bar(
        y=pods, base=starts, x=lengths, orientation="h", name=name,
        marker={"color": color, "pattern": {"shape": pattern}},
        hovertemplate="%{y}: " + name + " for %{x:.1f} s<extra></extra>",
    )  # fmt: skip
