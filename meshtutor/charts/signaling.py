"""The golden signals as four plots over one time axis: traffic, errors, latency, bytes; a line for each rule applied.

A fixed number of traces in a fixed order, so that a live picture is updated in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display.colors import GREY, ORANGE, Look, looks
from meshtutor.mesh.happenings import Happening
from meshtutor.telemetry.signals import Board, Points, Signals

MOST: Final = 8  # names drawn; the busiest
PANELS: Final = 4  # rate, errors, latency, bytes
HEIGHT: Final = 460
_DASHES: Final = {"p50": "dot", "p90": "dash", "p99": "solid"}
_MARKS: Final = 6
_CLOSE: Final = 0.03  # of the time shown
_LEFT, _RIGHT = (0.0, 0.46), (0.56, 1.0)
_ABOVE, _BELOW = (0.60, 1.0), (0.0, 0.40)


@dataclass(frozen=True)
class Line:
    """A trace: `panel` 0..3, x in seconds before now (negative), y in the panel's unit."""

    name: str
    panel: int
    x: list[float]
    y: list[float]
    color: str
    dash: str = "solid"


def golden_signals(board: Board, done: Sequence[Happening] = ()) -> Chart:
    """The four plots; what was `done` in that time is marked."""
    seconds, latency = board.seconds, "latency (ms)" if board.total else "p90 latency (ms)"
    look = layout(
        _time("", _LEFT, seconds, "y"),
        axis("requests/s", domain=_ABOVE, rangemode="tozero", anchor="x"),
        xaxis2=_time("", _RIGHT, seconds, "y2"),
        yaxis2=axis("5xx (%)", domain=_ABOVE, range=[-2, 102], anchor="x2"),
        xaxis3=_time("seconds ago", _LEFT, seconds, "y3"),
        yaxis3=axis(latency, domain=_BELOW, rangemode="tozero", anchor="x3"),
        xaxis4=_time("seconds ago", _RIGHT, seconds, "y4"),
        yaxis4=axis("responses (B/s)", domain=_BELOW, rangemode="tozero", anchor="x4"),
        height=HEIGHT,
        hovermode="closest",
        uirevision="kept",
        margin={"l": 60, "r": 15, "t": 60, "b": 46},
        legend={"orientation": "h", "x": 0, "y": 1.07, "yanchor": "bottom"},
        shapes=marks(done, board),
        annotations=labels(done, board),
    )
    return Chart(traces(board), look, repr(board))


def traces(board: Board) -> list[Any]:
    """`MOST` traces for each panel; those without a name to draw are empty."""
    drawn = lines(board)
    found: list[Any] = []
    for panel in range(PANELS):
        here = [line for line in drawn if line.panel == panel]
        found += [_trace(here[i] if i < len(here) else None, panel) for i in range(MOST)]
    return found


def lines(board: Board) -> list[Line]:
    """Each part's rate, errors, bytes and p90; where there is a total, its p50, p90 and p99 instead of the parts'."""
    shown = _busiest(board.parts)
    look_by_name = looks(one.name for one in shown)
    grey = Look(GREY)
    found = [
        _line(one.name, panel, one.points.get(signal, ()), board.until, look_by_name[one.name], scale=scale)
        for one in shown
        for panel, signal, scale in ((0, "rate", 1.0), (1, "errors", 100.0), (3, "sent", 1.0))
    ]
    if board.total is None:
        return found + [
            _line(one.name, 2, one.points.get("p90", ()), board.until, look_by_name[one.name])
            for one in shown
        ]
    errors = board.total.points.get("errors", ())
    found.append(
        _line(f"{board.total.name}: seen by callers", 1, errors, board.until, grey, scale=100.0, dash="dash")
    )
    return found + [
        _line(f"{board.total.name} {p}", 2, board.total.points.get(p, ()), board.until, grey, dash=dash)
        for p, dash in _DASHES.items()
    ]


def marks(done: Sequence[Happening], board: Board) -> list[dict[str, Any]]:
    """A dashed line through each panel at the moment of each change, the newest few."""
    return [
        {"type": "line", "xref": f"x{_number(panel)}", "yref": f"y{_number(panel)} domain", "x0": one.at - board.until,
         "x1": one.at - board.until, "y0": 0, "y1": 1, "line": {"color": ORANGE, "width": 1.2, "dash": "dash"}}
        for one in _recent(done, board)
        for panel in range(PANELS)
    ]  # fmt: skip


def labels(done: Sequence[Happening], board: Board) -> list[dict[str, Any]]:
    """The numbers of changes on their lines (close ones together); the words stand below a live picture."""
    found: list[dict[str, Any]] = []
    for index, one in enumerate(_recent(done, board), 1):
        x = one.at - board.until
        if found and x - found[-1]["x"] < board.seconds * _CLOSE:
            found[-1] |= {
                "text": f"{found[-1]['text']}, {index}",
                "hovertext": f"{found[-1]['hovertext']}<br>{one}",
            }
        else:
            found.append({"xref": "x", "yref": "y domain", "x": x, "y": 1, "text": str(index), "hovertext": str(one),
                          "showarrow": False, "yanchor": "bottom", "font": {"size": 11, "color": ORANGE}})  # fmt: skip
    return found


def told(done: Sequence[Happening], board: Board) -> list[str]:
    """The numbered changes, as `1: VirtualService default/reviews configured, 12 s ago`."""
    return [
        f"{index}: {one}, {board.until - one.at:.0f} s ago"
        for index, one in enumerate(_recent(done, board), 1)
    ]


def _recent(done: Sequence[Happening], board: Board) -> list[Happening]:
    return [one for one in done if 0 <= board.until - one.at < board.seconds][-_MARKS:]


def _busiest(parts: Sequence[Signals]) -> list[Signals]:
    """At most `MOST`, those with the most requests, by name."""
    busy = sorted(parts, key=lambda one: -sum(value for _, value in one.points.get("rate", ())))[:MOST]
    return sorted(busy, key=lambda one: one.name)


def _line(
    name: str, panel: int, points: Points, now: float, look: Look, *, scale: float = 1.0, dash: str = ""
) -> Line:
    x, y = [at - now for at, _ in points], [value * scale for _, value in points]
    return Line(name, panel, x, y, look.color, dash or look.dash)


def _trace(line: Line | None, panel: int) -> Any:
    axes = {"xaxis": f"x{_number(panel)}", "yaxis": f"y{_number(panel)}", "mode": "lines"}
    if line is None:
        return go.Scatter(x=[], y=[], visible=True, showlegend=False, name="", **axes)
    return go.Scatter(
        x=line.x, y=line.y, visible=True, name=line.name, line={"color": line.color, "width": 2, "dash": line.dash},
        legendgroup=line.name, showlegend=panel == 0 or line.color == GREY, **axes,
        hovertemplate="%{y:.3g}<extra>" + line.name + "</extra>",
    )  # fmt: skip


def _time(title: str, domain: tuple[float, float], seconds: float, anchor: str) -> dict[str, Any]:
    ticks = [-round(seconds * i / 4) for i in range(5)]
    return axis(title, domain=list(domain), range=[-seconds, 0], tickvals=ticks,
                ticktext=[str(-t) for t in ticks], anchor=anchor)  # fmt: skip


def _number(panel: int) -> str:
    """Plotly's names of axes: x, x2, x3 ..."""
    return str(panel + 1) if panel else ""
