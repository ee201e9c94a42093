"""Shares side by side: before and after a rule, or any number of runs, each bar with its 95 % interval."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import GREY, color_of, translucent
from meshtutor.traffic.report import Report
from meshtutor.traffic.tally import Tally

_PALEST: Final = 0.35  # each version keeps its colour; earlier runs are paler


def compare(
    before: Report | Tally,
    after: Report | Tally,
    *more: Report | Tally,
    names: tuple[str, ...] = ("before", "after"),
) -> Chart:
    """Bars of the shares by version (or what a tally counts), a group per version, a bar per run.

    ValueError if there are fewer `names` than runs.
    """
    tallies = [run.versions() if isinstance(run, Report) else run for run in (before, after, *more)]
    if len(names) < len(tallies):
        raise ValueError(f"{len(tallies)} runs need as many names, got {names!r}")
    versions = sorted({name for tally in tallies for name in tally})
    last = len(tallies) - 1
    traces = [
        _bars(tally, versions, name, _PALEST + (1 - _PALEST) * i / last)
        for i, (tally, name) in enumerate(zip(tallies, names, strict=False))
    ]
    title = tallies[0].title
    drawn = layout(
        axis(title, type="category"), axis("share of requests (%)", range=[0, 105]), barmode="group"
    )
    return Chart(traces, drawn, _words(tallies, names, versions))


def _bars(tally: Tally, versions: list[str], name: str, strength: float) -> Any:
    shares = [tally[version] for version in versions]
    return go.Bar(
        x=versions,
        y=[share.value * 100 for share in shares],
        name=f"{name} ({tally.n})",
        marker={"color": [translucent(color_of(version), strength) for version in versions]},
        customdata=[(share.count, share.n) for share in shares],
        hovertemplate="%{x}: %{y:.1f} % (%{customdata[0]} of %{customdata[1]})<extra>" + name + "</extra>",
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(share.interval[1] - share.value) * 100 for share in shares],
            "arrayminus": [(share.value - share.interval[0]) * 100 for share in shares],
            "thickness": 1.5,
            "width": 5,
            "color": GREY,
        },
    )


def _words(tallies: list[Tally], names: tuple[str, ...], versions: list[str]) -> str:
    rows = [
        (
            version,
            *(f"{tally[version].value:.1%}" for tally in tallies),
            " → ".join(text.bar(t[version].value, 12) for t in tallies),
        )
        for version in versions
    ]
    return text.columns([(tallies[0].title, *names[: len(tallies)], ""), *rows], indent="")
