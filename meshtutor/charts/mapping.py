"""A map of regions: pods in their places, and how much of a caller's traffic goes to each region.

It is drawn, not geographic: regions stand side by side in the order of their names. Everything has a fixed number of
traces for the same regions, so that a live map is updated in place; how thick an arrow is says what its number says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import CLEAR, Chart
from meshtutor.display import text
from meshtutor.display.colors import BAD, GREY, PURPLE, color_of, translucent
from meshtutor.mesh.crossings import Crossings, Spot
from meshtutor.telemetry.ejections import EJECTED, IN

_APART: Final = 3.0
_WIDE, _HIGH = 1.25, 1.0
_PODS_AT: Final = 0.28
_CALLER_AT: Final = -0.62
_OVER_THE_WATER: Final = 0.61  # of an arrow's way to the next region
_MOST_PIXELS: Final = 14
# keeps a number off its arrow; and plotly loses a neighbour's text when one becomes empty
_PAD: Final = "\u00a0\u00a0\u00a0"
_SYMBOLS: Final = {IN: "circle", EJECTED: "x"}


@dataclass(frozen=True)
class _Arrow:
    x: tuple[float, float]
    y: tuple[float, float]

    def point(self, part: float) -> tuple[float, float]:
        """A point on it; 0 is its beginning."""
        (x, end_x), (y, end_y) = self.x, self.y
        return x + part * (end_x - x), y + part * (end_y - y)


def region_map(found: Crossings, height: int = 330) -> Chart:
    """The whole figure."""
    return Chart(traces(found), look(found, height), words(found))


def traces(found: Crossings) -> list[Any]:
    """For each region an arrow from the caller and its number; then the pods, and the caller."""
    drawn = [trace for region in found.regions for trace in _arrow(found, region)]
    return [*drawn, _pods(found), _caller(found)]


def look(found: Crossings, height: int) -> dict[str, Any]:
    """The layout: no axes, a round area and a title for each region."""
    hidden = {"visible": False, "fixedrange": True}
    return {
        "template": "none",
        "autosize": True,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": GREY, "size": 12, "family": "system-ui, sans-serif"},
        "xaxis": {**hidden, "range": [-1.4, _APART * max(len(found.regions) - 1, 0) + 1.4]},
        "yaxis": {**hidden, "range": [-1.12, 1.38]},
        "height": height,
        "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
        "showlegend": False,
        "hovermode": "closest",
        "shapes": [_area(x) for x in _columns(found.regions).values()],
        "annotations": titles(found),
    }


def titles(found: Crossings) -> list[dict[str, Any]]:
    """The name of each region, its share of the requests and the 95 % interval; a live map is updated with it."""
    return [
        {"x": x, "y": _HIGH + 0.05, "yanchor": "bottom", "showarrow": False, "font": {"size": 14},
         "text": f"<b>{region}</b> · {_percent(found, region)}"}
        for region, x in _columns(found.regions).items()
    ]  # fmt: skip


def words(found: Crossings) -> str:
    """`client in europe: brazil 20%, europe 80% of 200, 3 failed; ejected in europe: v1, v2`."""
    return f"{found.caller} in {found.home}: {brief(found)}"


def brief(found: Crossings) -> str:
    """The same without who sends from where."""
    if not found.n:
        return "no requests yet"
    shares = ", ".join(f"{region} {found.share(region).value:.0%}" for region in found.regions)
    failed = f", {found.failed} failed" if found.failed else ""
    ejected = "".join(_ejected(found, region) for region in found.regions)
    return f"{shares} of {found.n}{failed}{ejected}"


def _ejected(found: Crossings, region: str) -> str:
    out = [spot.version or spot.pod for spot in found.within(region) if spot.state == EJECTED]
    return f"; ejected in {region}: {', '.join(out)}" if out else ""


def _columns(regions: Sequence[str]) -> dict[str, float]:
    return {region: i * _APART for i, region in enumerate(regions)}


def _area(x: float) -> dict[str, Any]:
    return {"type": "circle", "layer": "below", "x0": x - _WIDE, "x1": x + _WIDE, "y0": -_HIGH, "y1": _HIGH,
            "line": {"color": GREY, "width": 1}, "fillcolor": translucent(GREY, 0.08)}  # fmt: skip


def _percent(found: Crossings, region: str) -> str:
    if not found.n:
        return "no requests yet"
    share = found.share(region)
    low, high = share.interval
    return f"{share.value:.0%} of {text.count(found.n, 'request')} ({low:.0%} to {high:.0%})"


def _arrow(found: Crossings, region: str) -> list[Any]:
    way, share = _way(found, region), found.share(region).value
    near = region == found.home
    x, y = way.point(0.5 if near else _OVER_THE_WATER)
    number = f"{_PAD}<b>{share:.0%}</b>" if share else _PAD
    return [_line(way, share), _text(x, y if near else y + 0.03 + 0.06 * share, number, right=near)]


def _line(way: _Arrow, share: float) -> Any:
    """As thick as the share is large; none is not to be seen."""
    color = PURPLE if share else CLEAR
    head = {"symbol": "arrow", "angleref": "previous", "color": color, "opacity": 1, "line": {"width": 0}}
    return go.Scatter(
        x=way.x, y=way.y, mode="lines+markers", hoverinfo="skip",
        line={"color": color, "width": 1 + _MOST_PIXELS * share}, marker={**head, "size": [0, 14 + 12 * share]},
    )  # fmt: skip


def _text(x: float, y: float, said: str, *, right: bool) -> Any:
    return go.Scatter(
        x=[x], y=[y], mode="text", text=[said], hoverinfo="skip",
        textposition="middle right" if right else "top center",
    )  # fmt: skip


def _way(found: Crossings, region: str) -> _Arrow:
    """Straight up within the caller's region; else from beside the caller to the other region's near side."""
    columns = _columns(found.regions)
    here, there = columns.get(found.home, 0.0), columns[region]
    if region == found.home:
        return _Arrow((here, here), (_CALLER_AT + 0.14, _PODS_AT - 0.2))
    side = 1.0 if there > here else -1.0
    return _Arrow((here + 0.12 * side, there - 0.62 * side), (_CALLER_AT, _PODS_AT - 0.25))


def _pods(found: Crossings) -> Any:
    spread = [(spot, *_position(found, spot)) for spot in found.spots]
    return go.Scatter(
        x=[x for _, x, _ in spread],
        y=[y for *_, y in spread],
        mode="markers+text",
        text=[_label(spot) for spot in found.spots],
        textposition="top center",
        marker={
            "size": 18,
            "color": [color_of(spot.version) for spot in found.spots],
            "symbol": [_SYMBOLS.get(spot.state, "circle-open") for spot in found.spots],
            "line": {"width": [3 if spot.failed else 0 for spot in found.spots], "color": BAD},
        },
        customdata=[[spot.pod, spot.answered, spot.failed, spot.state] for spot in found.spots],
        hovertemplate="%{customdata[0]}: %{customdata[1]} answered, %{customdata[2]} failed, %{customdata[3]}"
        "<extra></extra>",
    )


def _position(found: Crossings, spot: Spot) -> tuple[float, float]:
    """Side by side in the upper half of the region."""
    mates = found.within(spot.region)
    x = _columns(found.regions).get(spot.region, 0.0)
    return x + (mates.index(spot) - (len(mates) - 1) / 2) * min(0.8, 1.8 / len(mates)), _PODS_AT


def _label(spot: Spot) -> str:
    """What stands above a pod: its version, its requests, and what is wrong with it."""
    failed = f"<br>{spot.failed} failed" if spot.failed else ""
    state = "" if spot.state == IN else f"{spot.state}<br>"
    return f"{state}{spot.version} · {spot.n}{failed}"


def _caller(found: Crossings) -> Any:
    x = _columns(found.regions).get(found.home, 0.0)
    return go.Scatter(
        x=[x], y=[_CALLER_AT], mode="markers+text", text=[found.caller], textposition="bottom center",
        marker={"symbol": "square", "size": 16, "color": PURPLE}, hoverinfo="skip",
    )  # fmt: skip
