"""What each pod of a service gets, and how long callers wait: shares on the left, percentiles on the right.

`settings` gives what the traces of a live chart are updated with, `balanced` builds the whole figure from the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import SKY, color_of, translucent
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import percentile

PERCENTILES: Final = (50, 75, 90, 99)
_PALEST: Final = 0.35  # each version keeps its colour; earlier runs are paler
_LEFT, _RIGHT = (0.0, 0.48), (0.60, 1.0)
_Labels = Mapping[str, tuple[str, str]]


def balanced(
    *runs: Iterable[Outcome], names: Sequence[str] = ("before", "after"), height: int = 320
) -> Chart:
    """Shares of requests by pod (%), and percentiles of all latencies (ms), for one run or several; Reports are runs.

    ValueError if there are fewer `names` than runs.
    """
    given = [list(run) for run in runs]
    if len(names) < len(given):
        raise ValueError(f"{len(given)} runs need as many names, got {names!r}")
    found = settings(*given)
    traces = [_trace(names[i // 2], i % 2 == 1, found[i]) for i in range(len(found))]
    look = layout(
        axis("", type="category", domain=_LEFT, showgrid=False),
        axis("share of requests (%)", range=[0, 105], dtick=25),
        xaxis2=axis("percentile", type="category", domain=_RIGHT, anchor="y2", showgrid=False),
        yaxis2=axis("latency (ms, log scale)", type="log", range=[0, 4], dtick=1, anchor="x2"),
        barmode="group",
        bargap=0.3,
        height=height,
        uirevision="kept",
        showlegend=len(given) > 1,
    )
    return Chart(traces, look, words(given, names))


def settings(*runs: Sequence[Outcome], among: Sequence[Outcome] = ()) -> list[dict[str, Any]]:
    """For each run what its trace of shares and its trace of latencies show; pods are the same in all of them.

    A pod that answered `among` has its place as well, so that one that gets nothing any more is seen to get nothing.
    """
    labels = pods([*among, *(outcome for run in runs for outcome in run)])
    names = [label for label, _ in labels.values()]
    ranks = [f"p{percent}" for percent in PERCENTILES]
    found: list[dict[str, Any]] = []
    for run, strength in zip(runs, _strengths(len(runs)), strict=True):
        colors = [translucent(color_of(version), strength) for _, version in labels.values()]
        found += [
            {"x": names, "y": [share * 100 for share in shares(run, labels)], "marker": {"color": colors}},
            {"x": ranks, "y": latencies(run), "marker": {"color": translucent(SKY, strength)}},
        ]
    return found


def pods(outcomes: Iterable[Outcome]) -> dict[str, tuple[str, str]]:
    """By pod a short label and its version; pods of one Deployment are told apart by the end of their names."""
    versions = {outcome.pod: outcome.version for outcome in outcomes if outcome.pod}
    families = Counter(_family(pod) for pod in versions)
    return {
        pod: (
            _family(pod) if families[_family(pod)] == 1 else f"{_family(pod)} …{pod.rpartition('-')[2]}",
            versions[pod],
        )
        for pod in sorted(versions)
    }


def shares(run: Sequence[Outcome], labels: _Labels) -> list[float]:
    """The share (0..1) of each of these pods in a run."""
    counted = Counter(outcome.pod for outcome in run)
    return [counted[pod] / max(1, len(run)) for pod in labels]


def latencies(run: Sequence[Outcome]) -> list[float | None]:
    """The PERCENTILES of a run's answers in milliseconds; None where nothing was answered."""
    taken = sorted(outcome.milliseconds for outcome in run if outcome.status)
    return [percentile(taken, percent) if taken else None for percent in PERCENTILES]


def words(runs: Sequence[Sequence[Outcome]], names: Sequence[str]) -> str:
    """A row for each pod with its share in each run, and a row for each percentile."""
    labels = pods([outcome for run in runs for outcome in run])
    if not labels:
        return "no requests yet"
    by_run = [[f"{share:.0%}" for share in shares(run, labels)] for run in runs]
    taken = [[_took(value) for value in latencies(run)] for run in runs]
    ranks = [f"p{percent}" for percent in PERCENTILES]
    rows = [
        *zip([label for label, _ in labels.values()], *by_run, strict=True),
        *zip(ranks, *taken, strict=True),
    ]
    return text.columns([("", *names[: len(runs)]), *rows], indent="")


def _trace(name: str, right: bool, found: dict[str, Any]) -> Any:
    """One run's bars; the legend has those of the right side, which have one colour only."""
    place = {"xaxis": "x2", "yaxis": "y2"} if right else {"showlegend": False}
    number = "%{y:.0f} ms" if right else "%{y:.1f} %"
    hover = f"%{{x}}: {number}<extra>{name}</extra>"
    return go.Bar(name=name, legendgroup=name, hovertemplate=hover, **place, **found)


def _strengths(n: int) -> list[float]:
    """How opaque each run is; the last one entirely."""
    return [1.0 - (1.0 - _PALEST) * (n - 1 - i) / max(1, n - 1) for i in range(n)]


def _took(milliseconds: float | None) -> str:
    return "" if milliseconds is None else text.milliseconds(milliseconds)


def _family(pod: str) -> str:
    """A pod's Deployment: its name without the hash of the template and the random end."""
    return pod.rsplit("-", 2)[0]
