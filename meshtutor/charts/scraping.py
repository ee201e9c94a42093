"""The same traffic through several scrape intervals: what happened, what each would show, and when each looked.

Above: the truth as a grey area, a line per interval. Below: a row per interval, a tick for each scrape, and a bar
wherever a query would have answered nothing. `traces` gives plain lists in a fixed order for a live chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import BAD, BLUE, GREEN, GREY, ORANGE, translucent
from meshtutor.telemetry.scraping import STEP, Seen

PER_INTERVAL: Final = 3  # traces: the line, the scrapes, the gaps
_ABOVE, _BELOW = (0.30, 1.0), (0.0, 0.20)
_LOOKS: Final = ((BLUE, "solid", 1.5), (ORANGE, "solid", 2.5), (GREEN, "dash", 2.5))


@dataclass(frozen=True)
class XY:
    """The points of one trace; x in seconds from the start, None where the line is broken."""

    x: list[float | None]
    y: list[float | None]


def scrape_lag(
    happened: Sequence[tuple[float, float]], seen: Sequence[Seen], height: int = 400, what: str = "requests"
) -> Chart:
    """The figure: `happened` is (time, per second) of each second; all of `seen` must have the same times."""
    truth, *rest = traces(happened, seen)
    drawn = [_area(truth, what)]
    for row, one in enumerate(seen):
        drawn += _styled(one, row, rest[PER_INTERVAL * row : PER_INTERVAL * (row + 1)])
    names = [f"{one.interval:g} s" for one in seen]
    look = layout(
        axis("time (s)", anchor="y2", range=[0, length(seen)]),
        axis(f"{what} per second", domain=_ABOVE, rangemode="tozero"),
        yaxis2=axis("scrapes", domain=_BELOW, range=[len(seen) - 0.5, -0.5], zeroline=False, showgrid=False,
                    tickvals=list(range(len(seen))), ticktext=names),
        height=height,
        uirevision="kept",
        hovermode="x",
    )  # fmt: skip
    return Chart(drawn, look, words(happened, seen))


def traces(happened: Sequence[tuple[float, float]], seen: Sequence[Seen]) -> list[XY]:
    """The truth, and for each interval its line, its scrapes and its gaps."""
    start = seen[0].times[0] if seen and seen[0].times else 0.0
    found = [XY([at - start for at, _ in happened], [value for _, value in happened])]
    for row, one in enumerate(seen):
        found += [
            XY([at - start for at in one.times], list(one.rates)),
            XY([at - start for at in one.scrapes], [row] * len(one.scrapes)),
            _gaps(one, row, start),
        ]
    return found


def words(happened: Sequence[tuple[float, float]], seen: Sequence[Seen]) -> str:
    """A line per interval: the peak beside the true one, and for how much of the time there is nothing to see."""
    true = max((value for _, value in happened), default=0.0)
    rows = [
        (
            f"{one.interval:g} s",
            f"{one.peak:.1f}",
            f"{one.empty:.0%}",
            remark(one),
            text.bar(one.peak / (true or 1.0)),
        )
        for one in seen
    ]
    heading = ("scrape", "peak/s", "no data", "", f"the true peak is {true:.0f}/s")
    return text.columns([heading, *rows], indent="", right=(1, 2))


def length(seen: Sequence[Seen]) -> float:
    """Seconds from the first evaluation to the last."""
    return seen[0].times[-1] - seen[0].times[0] if seen and seen[0].times else 1.0


def name_of(one: Seen) -> str:
    """Its name in the legend."""
    return f"scraped every {one.interval:g} s"


def remark(one: Seen) -> str:
    """Why an interval shows nothing at all; empty if it shows something."""
    if one.empty == 1.0:
        return (
            f"never two scrapes within {one.window:g} s"
            if one.window < 2 * one.interval
            else "nothing counted"
        )
    return ""


def _gaps(one: Seen, row: int, start: float) -> XY:
    """A piece of line for each stretch of time without data."""
    x: list[float | None] = []
    y: list[float | None] = []
    pairs = list(zip(one.times, one.rates, strict=True))
    for missing, stretch in groupby(pairs, key=lambda pair: pair[1] is None):
        if missing:
            times = [at for at, _ in stretch]
            x += [times[0] - start, times[-1] - start + STEP, None]
            y += [row + 0.3, row + 0.3, None]
    return XY(x, y)


def _area(truth: XY, what: str) -> Any:
    return go.Scatter(
        x=truth.x, y=truth.y, name="what happened", mode="lines", fill="tozeroy", fillcolor=translucent(GREY, 0.45),
        line={"width": 0, "shape": "vh"}, hovertemplate="%{y:.0f} " + what + "/s<extra>what happened</extra>",
    )  # fmt: skip


def _styled(one: Seen, row: int, points: Sequence[XY]) -> list[Any]:
    line, scrapes, gaps = points
    color, dash, width = _LOOKS[row % len(_LOOKS)]
    name = name_of(one)
    below = {"xaxis": "x", "yaxis": "y2", "hoverinfo": "skip"}
    return [
        go.Scatter(x=line.x, y=line.y, name=name, mode="lines", connectgaps=False, legendgroup=name,
                   line={"color": color, "width": width, "dash": dash},
                   hovertemplate="%{y:.1f}/s<extra>" + name + "</extra>"),
        go.Scatter(x=scrapes.x, y=scrapes.y, mode="markers", legendgroup=name, name=f"{name}: scrapes",
                   showlegend=False,
                   marker={"symbol": "line-ns", "size": 9, "line": {"width": 1.5, "color": color}}, **below),
        go.Scatter(x=gaps.x, y=gaps.y, mode="lines", connectgaps=False, legendgroup="no data", name="no data",
                   showlegend=row == 0, legendrank=2000,
                   line={"color": BAD, "width": 4}, **below),
    ]  # fmt: skip
