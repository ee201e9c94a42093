"""A live version and a dark one beside each other: the requests that reached each, and the errors among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display.colors import BAD, GREY, color_of
from meshtutor.telemetry.served import Served

_FAILED: Final = "answered with an error"


@dataclass(frozen=True)
class Bars:
    """The chart's numbers: answered and failed requests of the live and the dark version, and the copies asked for."""

    answered: tuple[int, int]
    failed: tuple[int, int]
    asked: float


def bars(counts: Mapping[str, Served], live: str, dark: str, percent: float) -> Bars:
    """From counts by version."""
    found = [counts.get(version, Served()) for version in (live, dark)]
    return Bars(
        (found[0].requests - found[0].failed, found[1].requests - found[1].failed),
        (found[0].failed, found[1].failed),
        found[0].requests * percent / 100,
    )


def mirrored(counts: Mapping[str, Served], live: str, dark: str, percent: float, height: int = 220) -> Chart:
    """Two bars; a mark on the lower one shows how many copies were asked for."""
    found = bars(counts, live, dark, percent)
    names = [f"{live}, live", f"{dark}, copies"]
    shared = {"y": names, "orientation": "h", "hovertemplate": "%{x} requests<extra>%{y}</extra>"}
    drawn = [
        go.Bar(x=found.answered, name="answered", marker={"color": [color_of(live), color_of(dark)]},
               showlegend=False, **shared),
        go.Bar(x=found.failed, name=_FAILED, marker={"color": BAD, "pattern": {"shape": "/"}}, **shared),
        go.Scatter(x=[found.asked], y=[names[1]], mode="markers", name=f"{percent:g} % of the live ones",
                   marker={"symbol": "line-ns", "size": 34, "line": {"width": 3, "color": GREY}},
                   hovertemplate="%{x:.0f} asked for<extra></extra>"),
    ]  # fmt: skip
    look = layout(
        axis("requests in the last minute, as the servers' sidecars counted them", rangemode="tozero"),
        axis("", autorange="reversed"),
        barmode="stack",
        bargap=0.35,
        height=height,
        uirevision="kept",
    )
    look["margin"] = {**look["margin"], "l": 90}
    return Chart(drawn, look, words(counts, live, dark, percent))


def words(counts: Mapping[str, Served], live: str, dark: str, percent: float) -> str:
    """`v1: 240 requests, 0 failed; v3: 61 copies (25 %, asked for 25 %), 61 failed`."""
    if not counts:
        return "nothing counted yet"
    first, second = (counts.get(version, Served()) for version in (live, dark))
    share = f"{second.requests / first.requests:.0%}" if first.requests else "?"
    return (
        f"{live}: {first.requests} requests, {first.failed} failed; "
        f"{dark}: {second.requests} copies ({share}, asked for {percent:g}%), {second.failed} failed"
    )


def settings(found: Bars, percent: float) -> list[dict[str, Any]]:
    """What each trace of a live chart is updated with."""
    return [
        {"x": found.answered},
        {"x": found.failed},
        {"x": [found.asked], "name": f"{percent:g} % of the live ones"},
    ]
