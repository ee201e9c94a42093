"""How long answers took: for each run or version the share of requests that were answered within so many ms.

A cumulative curve, because it needs no bins, shows every percentile, and two of them can be compared in one
plot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import CYCLE, Look, looks, nth
from meshtutor.traffic.report import PERCENTILES, Report, percentile

_MOST_POINTS = 400


def latency(*reports: Report, names: Sequence[str] = ()) -> Chart:
    """The latencies of several runs, or of each version of a single one."""
    curves = _by_version(reports[0]) if len(reports) == 1 else _by_run(reports, names)
    look_by_name = looks(curves) if len(reports) == 1 else _run_looks(curves)
    traces = [_curve(name, values, look_by_name[name]) for name, values in curves.items() if values]
    drawn = layout(
        axis(
            "answered within (ms)",
            type="log",
            dtick="D2",
            minor={"showgrid": True, "gridcolor": "rgba(128,128,128,0.1)"},
        ),
        axis("share of requests (%)", range=[0, 101]),
    )
    return Chart(traces, drawn, _words(curves))


def _by_version(report: Report) -> dict[str, list[float]]:
    return {version: report.latencies("" if version == "none" else version) for version in report.versions()}


def _by_run(reports: Sequence[Report], names: Sequence[str]) -> dict[str, list[float]]:
    labels = [*names, *(f"run {i + 1}" for i in range(len(names), len(reports)))]
    return {label: report.latencies() for label, report in zip(labels, reports, strict=False)}


def _run_looks(names: Iterable[str]) -> dict[str, Look]:
    """Runs have only their order; from the palette's end, as its first colours are those of v1 and v2."""
    size = len(CYCLE)
    return {name: nth(i // size * size + size - 1 - i % size) for i, name in enumerate(names)}


def _curve(name: str, values: list[float], look: Look) -> Any:
    step = max(1, len(values) // _MOST_POINTS)
    kept = [(value, (i + 1) / len(values) * 100) for i, value in enumerate(values)][::step]
    kept.append((values[-1], 100.0))
    return go.Scatter(
        x=[value for value, _ in kept],
        y=[share for _, share in kept],
        name=f"{name} ({len(values)})",
        mode="lines",
        line={"color": look.color, "dash": look.dash, "width": 2, "shape": "hv"},
        hovertemplate="%{y:.0f} % within %{x:.1f} ms<extra>" + name + "</extra>",
    )


def _words(curves: Mapping[str, list[float]]) -> str:
    rows = [
        (name, len(values), *(text.milliseconds(percentile(values, p)) for p in PERCENTILES))
        for name, values in curves.items()
        if values
    ]
    return text.columns([("", "n", *(f"p{p}" for p in PERCENTILES)), *rows], indent="", right=(1, 2, 3, 4))
