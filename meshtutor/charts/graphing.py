"""The service graph as Kiali draws it: namespaces as boxes, Services and versions in them, numbers on the edges.

Colours are Kiali's meaning in this study's palette, and never alone: what is degraded is dashed, what fails is dotted,
and both say how many percent. A version has its own colour, as everywhere. `traces` and `shapes` are plain data in a
fixed order, so that a live picture is updated in place; nothing moves by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import CLEAR, Chart
from meshtutor.charts.graph_lines import Line, Point, line
from meshtutor.charts.layering import Layout
from meshtutor.display import text
from meshtutor.display.colors import BAD, BLUE, GOOD, GREEN, GREY, ORANGE, color_of
from meshtutor.telemetry.graph import Edge, Graph, Node

ROW_PIXELS: Final = 74
COLORS: Final = {"idle": GREY, "healthy": GOOD, "degraded": ORANGE, "failure": BAD}
NUMBERS, NODES, NAMES = 3, 4, 5  # traces after the three of lines
_DRAWN: Final = (("healthy", "solid"), ("degraded", "dash"), ("failure", "dot"))
_SYMBOLS: Final = {
    "workload": "circle",
    "gateway": "diamond",
    "service": "triangle-up",
    "unknown": "hexagon",
    "passthrough": "square",
    "blackhole": "x",
}
_EARLY, _LATE = 0.4, 0.6  # of an edge's way
_DARK: Final = "#1a1a1a"
_NOTHING: Final = "\u00a0"  # plotly loses a neighbour's text when one becomes empty
_LETTER: Final = 3.3  # half of a letter's width, in pixels
# padlocks around (0, 0), in pixels, the second open
_LOCK: Final = (
    ((-4, -1), (4, -1), (4, -8), (-4, -8), (-4, -1)),
    ((-2.5, -1), (-2.5, 2), (0, 4), (2.5, 2), (2.5, -1)),
)
_OPEN: Final = _LOCK[0], ((-2.5, -1), (-2.5, 3), (0, 5), (2.5, 3))


def mesh_graph(graph: Graph, layout: Layout | None = None) -> Chart:
    """A picture of a graph; an empty one says in words why it is empty."""
    places = layout or Layout()
    places.update(graph)
    return Chart(traces(graph, places), look(graph, places), repr(graph))


def traces(graph: Graph, layout: Layout, selected: str = "") -> list[Any]:
    """Lines by health (three), numbers on the edges, nodes, and the nodes' names."""
    lines = lines_of(graph, layout)
    drawn = [
        _lines([lines[e.id] for e in graph.edges if e.health == health], COLORS[health], dash)
        for health, dash in _DRAWN
    ]
    return [*drawn, _numbers(graph.edges, lines, selected), *_nodes(graph.nodes, layout, selected)]


def lines_of(graph: Graph, layout: Layout) -> dict[str, Line]:
    """A line for each edge; its numbers stand where it is apart from others with the same source or target."""
    leaving = Counter(edge.source for edge in graph.edges)
    coming = Counter(edge.target for edge in graph.edges)
    return {
        edge.id: line(
            layout.places[edge.source],
            layout.places[edge.target],
            _EARLY if coming[edge.target] > leaving[edge.source] else _LATE,
        )
        for edge in graph.edges
    }


def look(graph: Graph, layout: Layout) -> dict[str, Any]:
    """The layout: axes without marks, boxes, locks, titles of namespaces, and why nothing is there."""
    columns, rows = layout.extent
    hidden = {"visible": False, "fixedrange": True}
    return {
        "template": "none",
        "autosize": True,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": GREY, "size": 12, "family": "system-ui, sans-serif"},
        "xaxis": {**hidden, "range": [-0.6, columns + 0.6]},
        "yaxis": {**hidden, "range": [rows + 0.8, -0.8]},
        "height": height_of(layout),
        "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
        "showlegend": False,
        "hovermode": "closest",
        "shapes": shapes(graph, layout),
        "annotations": captions(graph, layout),
    }


def height_of(layout: Layout) -> int:
    """Pixels."""
    return round(max(3.0, layout.extent[1] + 1.6) * ROW_PIXELS)


def shapes(graph: Graph, layout: Layout) -> list[dict[str, Any]]:
    """A box for each namespace, and a lock for each edge of which servers say whether it is mutual TLS."""
    boxes = [
        {"type": "rect", "layer": "below", "x0": box.left - 0.5, "x1": box.right + 0.5, "y0": box.top - 0.62,
         "y1": box.bottom + 0.62, "line": {"color": GREY, "width": 1, "dash": "dot"},
         "fillcolor": "rgba(128,128,128,0.06)"}
        for namespace, box in layout.boxes.items()
        if namespace
    ]  # fmt: skip
    lines = lines_of(graph, layout)
    return boxes + [lock for edge in graph.edges if (lock := _lock(edge, *lines[edge.id].label))]


def captions(graph: Graph, layout: Layout) -> list[dict[str, Any]]:
    """The namespaces' names on their boxes; in an empty graph the reason."""
    titles = [
        {"x": box.left - 0.47, "y": box.top - 0.6, "text": namespace, "showarrow": False, "xanchor": "left",
         "yanchor": "top", "font": {"size": 11}}
        for namespace, box in layout.boxes.items()
        if namespace
    ]  # fmt: skip
    if graph.edges or not graph.notes:
        return titles
    why = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0, "yanchor": "bottom", "showarrow": False,
           "text": _wrapped(graph.notes[0]), "font": {"size": 13, "color": ORANGE}}  # fmt: skip
    return [*titles, why]


def label_of(edge: Edge) -> str:
    """An edge's numbers in at most two lines."""
    if edge.protocol == "tcp":
        return f"{edge.rate:.3g} B/s tcp"
    first = f"{_short(edge.rate)}/s" + (" grpc" if edge.protocol == "grpc" else "")
    if edge.errors:
        first += f" · <b>{edge.errors:.0%} err</b>"
    second = f"<br>{text.milliseconds(edge.p95)}" if edge.p95 is not None else ""
    return first + second


def _lines(drawn: Sequence[Line], color: str, dash: str) -> Any:
    """All edges of one health in one trace, their arrows at the last point of each."""
    x: list[float | None] = []
    y: list[float | None] = []
    sizes: list[int] = []
    for one in drawn:
        for column, row in one.points:
            x.append(column)
            y.append(row)
        sizes += [0] * (len(one.points) - 1) + [10, 0]
        x.append(None)
        y.append(None)
    return go.Scatter(
        x=x, y=y, mode="lines+markers", hoverinfo="skip", line={"color": color, "width": 1.6, "dash": dash},
        marker={"symbol": "arrow", "angleref": "previous", "size": sizes, "color": color, "opacity": 1,
                "line": {"width": 0}},
    )  # fmt: skip


def _numbers(edges: Sequence[Edge], lines: dict[str, Line], selected: str) -> Any:
    at = [lines[edge.id].label for edge in edges]
    return go.Scatter(
        x=[x for x, _ in at], y=[y for _, y in at], mode="markers+text", text=[label_of(edge) for edge in edges],
        textposition="top center", textfont={"size": 11, "color": [_ink(edge) for edge in edges]},
        marker={"size": 14, "symbol": "square", "color": CLEAR,
                "line": {"width": [2 if edge.id == selected else 0 for edge in edges], "color": GREY}},
        customdata=[edge.id for edge in edges], hovertext=[_told(edge) for edge in edges], hoverinfo="text",
    )  # fmt: skip


def _nodes(nodes: Sequence[Node], layout: Layout, selected: str) -> list[Any]:
    at = [layout.places[node.id] for node in nodes]
    x, y = [x for x, _ in at], [y for _, y in at]
    rims = [COLORS[node.health] if node.health in ("degraded", "failure") else GREY for node in nodes]
    widths = [
        4 if node.id == selected else 3 if node.health in ("degraded", "failure") else 1 for node in nodes
    ]
    marks = go.Scatter(
        x=x, y=y, mode="markers+text", text=[node.version if node.kind == "workload" else _NOTHING for node in nodes],
        textposition="middle center", textfont={"size": 10, "color": [_letters(node) for node in nodes]},
        customdata=[node.id for node in nodes],
        hovertext=[f"{node.kind} {node.name}: {node.health}" for node in nodes], hoverinfo="text",
        marker={"size": 26, "symbol": [_SYMBOLS[node.kind] for node in nodes], "color": [_fill(n) for n in nodes],
                "opacity": [0.45 if node.idle else 1 for node in nodes], "line": {"color": rims, "width": widths}},
    )  # fmt: skip
    names = go.Scatter(
        x=x, y=[row + 0.22 for row in y], mode="text", text=[_name(node) for node in nodes],
        textposition="bottom center", textfont={"size": 11, "color": GREY}, hoverinfo="skip",
    )  # fmt: skip
    return [marks, names]


def _fill(node: Node) -> str:
    return color_of(node.version) if node.kind == "workload" and node.version else GREY


def _letters(node: Node) -> str:
    """Letters on a node that can be read on its colour."""
    return "white" if _fill(node) in (BLUE, GREEN, GREY) else _DARK


def _ink(edge: Edge) -> str:
    return GREY if edge.health == "healthy" else COLORS[edge.health]


def _name(node: Node) -> str:
    return f"{node.name}<br><i>no sidecar</i>" if node.sidecar is False else node.name


def _lock(edge: Edge, x: float, y: float) -> dict[str, Any] | None:
    if edge.mtls is None:
        return None
    closed = edge.mtls >= 0.995
    left = -_LETTER * max(map(len, _plain(label_of(edge)).split("<br>"))) - 7
    return {"type": "path", "path": _path(_LOCK if closed else _OPEN, left, 19),
            "xsizemode": "pixel", "ysizemode": "pixel", "xanchor": x, "yanchor": y,
            "line": {"color": GREY if closed else BAD, "width": 1.3},
            "fillcolor": GREY if closed else CLEAR}  # fmt: skip


def _path(strokes: Iterable[Iterable[Point]], x: float, y: float) -> str:
    """Polylines as an SVG path, moved by so many pixels to the right and up."""
    return " ".join("M" + " L".join(f"{x + dx:g},{y + dy:g}" for dx, dy in stroke) for stroke in strokes)


def _plain(label: str) -> str:
    return label.replace("<b>", "").replace("</b>", "")


def _told(edge: Edge) -> str:
    share = "no server reported it" if edge.mtls is None else f"{edge.mtls:.0%}"
    codes = ", ".join(f"{code}: {rate:.3g}/s" for code, rate in sorted(edge.codes.items()))
    return f"{edge.protocol}, mutual TLS {share}<br>{codes}"


def _short(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 100 else f"{rate:.1f}"


def _wrapped(sentence: str) -> str:
    import textwrap

    return "<br>".join(textwrap.wrap(sentence, 80))
