"""What a search for traces found, as dots: when each began, how long it took, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import BAD, BLUE, GREY, ORANGE, PURPLE
from meshtutor.telemetry.trace import Trace
from meshtutor.telemetry.traces import Traces

HEIGHT: Final = 240
_LOOKS: Final = {
    "failed": (BAD, "x"),
    "retried": (ORANGE, "diamond"),
    "with a fault": (PURPLE, "triangle-up"),
    "fine": (BLUE, "circle"),
}
"""Each verdict has a colour and a shape, so that neither is needed alone."""
_SHORTEST: Final = 0.01
"""ms; a logarithmic axis has no zero."""


def trace_scatter(traces: Traces, chosen: str = "") -> Chart:
    """A dot for each trace, a ring around the chosen one; `customdata[0]` of a dot is the trace's id.

    There are always five plots, one for each verdict and the ring, so that a live figure can be changed in place.
    """
    drawn = layout(
        axis("began at", type="date"),
        axis("took (ms)", type="log"),
        height=HEIGHT,
        hovermode="closest",
    )
    found: dict[str, list[Trace]] = {verdict: [] for verdict in _LOOKS}
    for trace in traces:
        found[verdict_of(trace)].append(trace)
    dots = [_dots(verdict, those) for verdict, those in found.items()]
    return Chart([*dots, _ring([one for one in traces if one.id == chosen])], drawn, repr(traces))


def verdict_of(trace: Trace) -> str:
    """The worst that can be said of a trace: `failed`, `retried`, `with a fault` or `fine`.

    It failed if its first span did: an error further down may have been mended by a retry.
    """
    if trace.root.is_error:
        return "failed"
    if trace.retries:
        return "retried"
    return "with a fault" if trace.faults else "fine"


def _dots(verdict: str, traces: Sequence[Trace]) -> Any:
    color, symbol = _LOOKS[verdict]
    return go.Scatter(
        x=[_when(trace) for trace in traces],
        y=[max(trace.milliseconds, _SHORTEST) for trace in traces],
        name=f"{verdict} ({len(traces)})",
        mode="markers",
        marker={"color": color, "symbol": symbol, "size": 9, "opacity": 0.85},
        customdata=[[trace.id, _told(trace)] for trace in traces],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _ring(traces: Sequence[Trace]) -> Any:
    return go.Scatter(
        x=[_when(trace) for trace in traces],
        y=[max(trace.milliseconds, _SHORTEST) for trace in traces],
        mode="markers",
        marker={"symbol": "circle-open", "size": 18, "color": GREY, "line": {"width": 2}},
        showlegend=False,
        hoverinfo="skip",
    )


def _when(trace: Trace) -> datetime:
    """Local time without a zone: plotly would show any other as UTC."""
    return datetime.fromtimestamp(trace.start, UTC).astimezone().replace(tzinfo=None)


def _told(trace: Trace) -> str:
    marks = dict.fromkeys(mark for span in trace.spans for mark in trace.marks(span))
    lines = [
        f"<b>{escape(trace.root.request)}</b> {text.milliseconds(trace.milliseconds)}",
        f"{len(trace.spans)} spans, {escape(', '.join(service.partition('.')[0] for service in trace.services))}",
        *([escape(", ".join(marks))] if marks else []),
    ]
    return "<br>".join(lines)
