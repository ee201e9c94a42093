"""Answers as they come: on the left a dot per request and how long it took, on the right the shares of statuses.

`traces` gives plain lists in a fixed order, so that a live chart can be updated in place; `answers` builds the
whole figure from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import BAD, GOOD, GREY
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import percentile
from meshtutor.traffic.tally import Tally

SECONDS: Final = 30.0
_LEFT, _RIGHT = (0.0, 0.60), (0.70, 1.0)


@dataclass(frozen=True)
class Points:
    """The points of one trace; for bars also the distances to the ends of their 95 % intervals."""

    x: list[Any]
    y: list[float]
    up: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    color: list[str] = field(default_factory=list)


def answers(
    recent: Sequence[Outcome],
    judged: Sequence[Outcome],
    target: Mapping[str, float],
    now: float,
    height: int = 300,
) -> Chart:
    """The figure: `recent` as dots (`now` is the right edge), `judged` as shares against `target` (0..1)."""
    good, bad, bars, marks = traces(recent, judged, target, now)
    drawn = [
        _dots("answered", good, GOOD, "circle"),
        _dots("failed", bad, BAD, "x"),
        _bars(bars),
        _marks(marks),
    ]
    ticks = [-30, -20, -10, 0]
    look = layout(
        axis(
            "seconds ago",
            range=[-SECONDS, 0.5],
            domain=_LEFT,
            tickvals=ticks,
            ticktext=["30", "20", "10", "now"],
        ),
        axis("latency (ms, log scale)", type="log", range=[0, 4], dtick=1),
        xaxis2=axis("status", type="category", domain=_RIGHT, anchor="y2"),
        yaxis2=axis("share (%)", range=[0, 105], anchor="x2"),
        height=height,
        uirevision="kept",
        bargap=0.4,
    )
    return Chart(drawn, look, words(judged, target))


def traces(
    recent: Sequence[Outcome], judged: Sequence[Outcome], target: Mapping[str, float], now: float
) -> list[Points]:
    """Dots of answered requests, dots of failed ones, the bars of statuses, the marks of what is asked for."""
    counted = statuses(judged)
    names = sorted({*counted, *(name for name, share in target.items() if share)})
    shares = [counted[name] for name in names]
    wanted = {name: share for name, share in target.items() if share}
    return [
        _points([o for o in recent if o.ok], now),
        _points([o for o in recent if not o.ok], now),
        Points(
            [_label(name) for name in names],
            [share.value * 100 for share in shares],
            [(share.interval[1] - share.value) * 100 if share.n else 0.0 for share in shares],
            [(share.value - share.interval[0]) * 100 if share.n else 0.0 for share in shares],
            [GOOD if name < "400" else BAD for name in names],
        ),
        Points([_label(name) for name in sorted(wanted)], [wanted[name] * 100 for name in sorted(wanted)]),
    ]


def statuses(outcomes: Sequence[Outcome]) -> Tally:
    """Requests by status; no answer at all counts as `error`."""
    names = [str(outcome.status) if outcome.status else "error" for outcome in outcomes]
    return Tally({name: names.count(name) for name in set(names)}, "status")


def words(judged: Sequence[Outcome], target: Mapping[str, float]) -> str:
    """Shares and latencies in a line."""
    if not judged:
        return "no requests under this rule yet"
    counted = statuses(judged)
    latencies = sorted(outcome.milliseconds for outcome in judged)
    parts = [f"{name}: {counted[name].value:.0%}{_wanted(name, target)}" for name in counted]
    slow = (f"p{p} {text.milliseconds(percentile(latencies, p))}" for p in (50, 90))
    return f"{', '.join(parts)} of {counted.n} · {' · '.join(slow)}"


def _label(name: str) -> str:
    """`HTTP 503`: at a live change plotly.js takes bare numbers for a continuous axis, whatever the layout says."""
    return f"HTTP {name}" if name.isdigit() else name


def _wanted(name: str, target: Mapping[str, float]) -> str:
    return f" (asked for {target[name]:.0%})" if target.get(name) else ""


def _points(outcomes: Sequence[Outcome], now: float) -> Points:
    return Points([o.at - now for o in outcomes], [max(o.milliseconds, 1.0) for o in outcomes])


def _dots(name: str, points: Points, color: str, symbol: str) -> Any:
    return go.Scatter(
        x=points.x, y=points.y, name=name, mode="markers",
        marker={"color": color, "symbol": symbol, "size": 6, "opacity": 0.75},
        hovertemplate="%{y:.0f} ms<extra>" + name + "</extra>",
    )  # fmt: skip


def _bars(points: Points) -> Any:
    return go.Bar(
        x=points.x, y=points.y, xaxis="x2", yaxis="y2", name="share, 95 % interval", showlegend=False,
        marker={"color": points.color},
        error_y={"type": "data", "symmetric": False, "array": points.up, "arrayminus": points.down,
                 "thickness": 1.5, "width": 5, "color": GREY},
        hovertemplate="%{x}: %{y:.1f} %<extra></extra>",
    )  # fmt: skip


def _marks(points: Points) -> Any:
    return go.Scatter(
        x=points.x, y=points.y, xaxis="x2", yaxis="y2", name="asked for", mode="markers",
        marker={"symbol": "line-ew", "size": 34, "line": {"width": 2.5, "color": GREY}},
        hovertemplate="asked for %{y:.0f} %<extra></extra>",
    )  # fmt: skip
