"""What proxies cost: percentiles of the latency by the way a request takes, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import GREY, PURPLE, SKY
from meshtutor.traffic.racing import Estimate, Timed

PERCENTILES: Final = (50, 90, 99)
_COLORS: Final = (GREY, SKY, PURPLE)  # ways are not versions: none has a version's colour
_PATTERNS: Final = ("", "/", "x")
MEGA: Final = 1_000_000


@dataclass(frozen=True)
class Bars:
    """The bars of one way, in ms, and the distances to the ends of their intervals."""

    y: list[float]
    up: list[float]
    down: list[float]


def cost(timed: Sequence[Timed], height: int = 300) -> Chart:
    """Bars in groups: a group per percentile, a bar per way."""
    look = layout(
        axis("percentile of the requests", type="category"),
        axis("latency (ms)", range=scale(timed)),
        barmode="group",
        bargap=0.3,
        height=height,
    )
    bars = [
        _bars(one.name, i, points) for i, (one, points) in enumerate(zip(timed, traces(timed), strict=True))
    ]
    return Chart(bars, look, words(timed, {}))


def traces(timed: Sequence[Timed]) -> list[Bars]:
    """For each way its bars, so that a live chart can be changed in place."""
    return [_heights([one.quantile(percent) for percent in PERCENTILES]) for one in timed]


def _heights(estimates: Sequence[Estimate]) -> Bars:
    if any(math.isnan(estimate.value) for estimate in estimates):
        return Bars([], [], [])  # nothing was timed yet
    return Bars(
        [e.value for e in estimates],
        [e.high - e.value for e in estimates],
        [e.value - e.low for e in estimates],
    )


def scale(timed: Sequence[Timed]) -> list[float]:
    """From zero to a little more than the highest bar: a stray request may stretch an interval beyond that."""
    values = [value for bars in traces(timed) for value in bars.y]
    return [0.0, 1.25 * max(values, default=1.0)]


def words(timed: Sequence[Timed], memory: Mapping[str, float]) -> str:
    """The same as text, with what each way adds to the first, and the memory of the proxies."""
    rows = [
        (one.name, *(text.milliseconds(one.quantile(p).value) for p in PERCENTILES), added(one, timed[0]))
        for one in timed
    ]
    heading = (f"{timed[0].n} requests each", *(f"p{p}" for p in PERCENTILES), "adds to the median (95 %)")
    table = text.columns([heading, *rows], indent="", right=(1, 2, 3))
    held = ", ".join(f"{pod} {size / MEGA:.1f} MB" for pod, size in sorted(memory.items()))
    return f"{table}\nmemory of the proxies: {held}" if held else table


def added(one: Timed, base: Timed, percent: float = 50) -> str:
    """`0.31 ms (0.25 to 0.40)`; nothing for the base itself."""
    return "" if one is base else shown(one.added_to(base, percent))


def shown(estimate: Estimate) -> str:
    """A difference in ms with its interval."""
    return f"{estimate.value:+.2f} ms ({estimate.low:+.2f} to {estimate.high:+.2f})"


def _bars(name: str, place: int, bars: Bars) -> Any:
    return go.Bar(
        x=[f"p{percent}" for percent in PERCENTILES],
        y=bars.y,
        name=name,
        marker={"color": _COLORS[place], "pattern": {"shape": _PATTERNS[place], "fillmode": "overlay", "size": 7,
                                                     "solidity": 0.15}},
        error_y={"type": "data", "symmetric": False, "array": bars.up, "arrayminus": bars.down, "thickness": 1.5,
                 "width": 5, "color": GREY},
        hovertemplate="%{x}: %{y:.2f} ms<extra>" + name + "</extra>",
    )  # fmt: skip
