"""A trace as a waterfall: a bar for each span at its time, the critical path as a line through the bars.

A service keeps its colour. Failed spans are hatched, retries and injected faults are named beside the bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import BAD, GREY, color_of
from meshtutor.telemetry.spans import Span
from meshtutor.telemetry.trace import Trace

_ROW: Final = 22
_MARGINS: Final = 110
_MOST_ROWS: Final = 200
_LABEL: Final = 34  # characters
_LABELS: Final = 250  # pixels
_PER_LETTER: Final = 0.009  # of the plot's width
_INDENT: Final = 10  # pixels
_TAGS_SHOWN: Final = ("upstream_cluster.name", "response_flags", "peer.address")


def waterfall(trace: Trace) -> Chart:
    """The spans of a trace over time (ms from its start), parents above their children.

    At most 200 spans are drawn; the first ones in the tree's order.
    """
    rows = list(trace.walk())[:_MOST_ROWS]
    spans = [span for _, span in rows]
    row_of = {span.id: row for row, span in enumerate(spans)}
    traces = [
        _bars(trace, spans, row_of, name, color_of(name)) for name in dict.fromkeys(s.name for s in spans)
    ]
    traces += [_critical(trace, row_of), _marks(trace, spans)]
    drawn = layout(
        axis(
            "time since the request came (ms)", range=[0, trace.milliseconds * (1.02 + _room(trace, spans))]
        ),
        axis("", showticklabels=False, range=[len(rows) - 0.5, -0.5], zeroline=False),
        height=_MARGINS + _ROW * len(rows),
        barmode="overlay",
        bargap=0.35,
        hovermode="closest",
        margin={"l": _LABELS, "r": 15, "t": 34, "b": 46},
        annotations=[_label(row, depth, span) for row, (depth, span) in enumerate(rows)],
    )
    return Chart(traces, drawn, repr(trace))


def _room(trace: Trace, spans: Sequence[Span]) -> float:
    """The share of the width that the words beside bars need, on a page of usual width."""
    return _PER_LETTER * max((len(" ".join(trace.marks(span))) for span in spans), default=0)


def _label(row: int, depth: int, span: Span) -> dict[str, Any]:
    """The name of a row, indented; an axis would align it to the right, where an indentation is not seen."""
    words = f"{span.name} {span.request}"
    return {
        "text": escape(words if len(words) <= _LABEL else words[: _LABEL - 1] + "…"),
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "xshift": _INDENT * min(depth, 8) - _LABELS + 4,
        "y": row,
        "showarrow": False,
    }


def _bars(trace: Trace, spans: Sequence[Span], row_of: dict[str, int], name: str, color: str) -> Any:
    own = sorted(
        (span for span in spans if span.name == name), key=lambda span: span.is_error
    )  # legend: the first one
    return go.Bar(
        orientation="h",
        name=name,
        y=[row_of[span.id] for span in own],
        base=[span.offset for span in own],
        x=[span.milliseconds for span in own],
        marker={
            "color": color,
            "pattern": {"shape": ["/" if span.is_error else "" for span in own], "fgcolor": BAD},
            "line": {"width": [2 if span.is_error else 0 for span in own], "color": BAD},
        },
        customdata=[_details(trace, span) for span in own],
        hovertemplate="%{customdata}<extra>" + escape(name) + "</extra>",
    )


def _details(trace: Trace, span: Span) -> str:
    marks = ", ".join(trace.marks(span))
    known = [(key, str(span.tags[key])) for key in _TAGS_SHOWN if span.tags.get(key) not in (None, "", "-")]
    lines = [
        f"<b>{escape(span.request)}</b> ({escape(span.kind)})",
        f"{text.milliseconds(span.milliseconds)} from {text.milliseconds(span.offset)}",
        *([escape(marks)] if marks else []),
        *([f"pod {escape(span.pod)}"] if span.pod else []),
        *(f"{escape(key)}: {escape(value)}" for key, value in known),
        *(f"at {text.milliseconds(when)}: {escape(words)}" for when, words in span.events),
    ]
    return "<br>".join(lines)


def _critical(trace: Trace, row_of: dict[str, int]) -> Any:
    """The path as horizontal pieces, joined where one span hands over to the next."""
    x: list[float | None] = []
    y: list[float | None] = []
    for segment in trace.critical_path:
        if segment.span.id in row_of:
            x += [segment.start, segment.end]
            y += [row_of[segment.span.id]] * 2
    return go.Scatter(
        x=x, y=y, mode="lines", name="critical path", line={"color": GREY, "width": 3}, hoverinfo="skip"
    )


def _marks(trace: Trace, spans: Sequence[Span]) -> Any:
    marked = [(row, span, " ".join(trace.marks(span))) for row, span in enumerate(spans) if trace.marks(span)]
    return go.Scatter(
        x=[span.end for _, span, _ in marked],
        y=[row for row, _, _ in marked],
        text=[f" {escape(words)}" for _, _, words in marked],
        mode="text",
        textposition="middle right",
        textfont={"color": BAD},
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )
