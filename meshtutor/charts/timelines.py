"""Request by request: when each was sent, how long it took, and which version answered or why none did."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display.colors import BAD, color_of
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report


def timeline(report: Report) -> Chart:
    """A dot per request, at the second it was sent and the milliseconds it took; failures are crosses."""
    start = min((outcome.at for outcome in report), default=0.0)
    good = [outcome for outcome in report if outcome.ok]
    versions = sorted({outcome.version for outcome in good})
    traces = [
        _dots([o for o in good if o.version == v], start, v or "answered", color_of(v), "circle")
        for v in versions
    ]
    if bad := [outcome for outcome in report if not outcome.ok]:
        traces.append(_dots(bad, start, "failed", BAD, "x"))
    drawn = layout(
        axis("time since the first request (s)"),
        axis("latency (ms)", rangemode="tozero"),
        hovermode="closest",
    )
    return Chart(traces, drawn, repr(report))


def _dots(outcomes: list[Outcome], start: float, name: str, color: str, symbol: str) -> Any:
    return go.Scatter(
        x=[outcome.at - start for outcome in outcomes],
        y=[outcome.milliseconds for outcome in outcomes],
        name=f"{name} ({len(outcomes)})",
        mode="markers",
        marker={"color": color, "symbol": symbol, "size": 6, "opacity": 0.75},
        customdata=[(outcome.pod, outcome.status or outcome.error) for outcome in outcomes],
        hovertemplate="%{customdata[0]} %{customdata[1]}: %{y:.1f} ms<extra>" + name + "</extra>",
    )
