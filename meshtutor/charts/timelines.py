"""Request by request: when each was sent, how long it took, and which version answered or why none did."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display.colors import BAD, Look, looks
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report


def timeline(report: Report) -> Chart:
    """A dot per request, at the second it was sent and the milliseconds it took; failures are crosses."""
    start = min((outcome.at for outcome in report), default=0.0)
    good = [outcome for outcome in report if outcome.ok]
    look_by_version = looks(outcome.version for outcome in good)
    traces = [
        _dots([o for o in good if o.version == version], start, version or "answered", look)
        for version, look in look_by_version.items()
    ]
    if bad := [outcome for outcome in report if not outcome.ok]:
        traces.append(_dots(bad, start, "failed", Look(BAD), "x"))
    drawn = layout(
        axis("time since the first request (s)"),
        axis("latency (ms)", rangemode="tozero"),
        hovermode="closest",
    )
    return Chart(traces, drawn, repr(report))


def _dots(outcomes: list[Outcome], start: float, name: str, look: Look, symbol: str = "") -> Any:
    return go.Scatter(
        x=[outcome.at - start for outcome in outcomes],
        y=[outcome.milliseconds for outcome in outcomes],
        name=f"{name} ({len(outcomes)})",
        mode="markers",
        marker={"color": look.color, "symbol": symbol or look.symbol, "size": 6, "opacity": 0.75},
        customdata=[(outcome.pod, outcome.status or outcome.error) for outcome in outcomes],
        hovertemplate="%{customdata[0]} %{customdata[1]}: %{y:.1f} ms<extra>" + name + "</extra>",
    )
