"""Shares over time: what came (a line with its 95 % band) against what was asked for (a dashed line).

`traces` gives plain x and y lists in a fixed order, so that a live chart can be updated in place; `shares`
builds the whole figure from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import Look, looks, translucent
from meshtutor.traffic.history import ShareHistory

PER_NAME: Final = 3  # traces per version: band, target, observed


@dataclass(frozen=True)
class XY:
    """The points of one trace; x in seconds relative to now (negative: ago), y in percent."""

    x: list[float]
    y: list[float | None]


def shares(history: ShareHistory, seconds: float = 60.0, height: int = 320) -> Chart:
    """The last `seconds` of a history; time runs to the right, the present is 0."""
    points = traces(history, seconds)
    look_by_name = looks(history.names)
    drawn = [
        trace
        for i, name in enumerate(history.names)
        for trace in _styled(name, look_by_name[name], points[i * PER_NAME : (i + 1) * PER_NAME])
    ]
    look = layout(
        axis(
            "seconds ago",
            range=[-seconds, 0],
            tickvals=_ticks(seconds),
            ticktext=[str(-t) for t in _ticks(seconds)],
        ),
        axis("share of requests (%)", range=[-2, 102]),
        height=height,
        uirevision="kept",
    )
    return Chart(drawn, look, words(history))


def traces(history: ShareHistory, seconds: float = 60.0) -> list[XY]:
    """For each name of the history: its band, its target and its observed share."""
    found: list[XY] = []
    for name in history.names:
        found += [
            _band(history, name, seconds),
            _target(history, name, seconds),
            _observed(history, name, seconds),
        ]
    return found


def words(history: ShareHistory) -> str:
    """The newest shares beside their targets."""
    newest, target = history.newest, history.target
    if newest is None:
        return "No requests have been seen yet."
    rows = [
        (
            name,
            f"{newest[name].value:.1%}",
            f"target {target[name]:.0%}" if name in target else "",
            text.bar(newest[name].value),
        )
        for name in history.names
    ]
    return text.columns(rows, indent="", right=(1,))


def _styled(name: str, look: Look, points: Sequence[XY]) -> list[Any]:
    color = look.color
    band, target, observed = points
    shared = {"legendgroup": name, "connectgaps": False}
    return [
        go.Scatter(x=band.x, y=band.y, mode="lines", fill="toself", fillcolor=translucent(color, 0.18),
                   line={"width": 0}, hoverinfo="skip", showlegend=False, name=f"{name} 95 % band", **shared),
        go.Scatter(x=target.x, y=target.y, mode="lines", line={"color": color, "width": 1.5, "dash": "dash"},
                   hoverinfo="skip", showlegend=False, name=f"{name} target", **shared),
        go.Scatter(x=observed.x, y=observed.y, mode="lines+markers",
                   line={"color": color, "width": 2.5, "dash": look.dash}, marker={"size": 4, "symbol": look.symbol},
                   hovertemplate="%{y:.1f} %<extra>" + name + "</extra>", name=name, **shared),
    ]  # fmt: skip


def _observed(history: ShareHistory, name: str, seconds: float) -> XY:
    recent = history.recent(seconds)
    return XY(
        [t - history.now for t, _ in recent],
        [tally[name].value * 100 if tally.n else None for _, tally in recent],
    )


def _band(history: ShareHistory, name: str, seconds: float) -> XY:
    """The upper edge there and the lower edge back, which plotly fills."""
    recent = [(t - history.now, tally[name].interval) for t, tally in history.recent(seconds) if tally.n]
    there, back = recent, list(reversed(recent))
    return XY(
        [t for t, _ in [*there, *back]],
        [*(high * 100 for _, (_, high) in there), *(low * 100 for _, (low, _) in back)],
    )


def _target(history: ShareHistory, name: str, seconds: float) -> XY:
    """Steps: each target holds until the next one."""
    x: list[float] = []
    y: list[float | None] = []
    ends = [*(start for start, _ in history.targets[1:]), history.now]
    for (start, target), end in zip(history.targets, ends, strict=False):
        if end < history.now - seconds:
            continue
        value = target[name] * 100 if name in target else None
        x += [max(start - history.now, -seconds), end - history.now]
        y += [value, value]
    return XY(x, y)


def _ticks(seconds: float) -> list[int]:
    return [-round(seconds * i / 6) for i in range(7)]
