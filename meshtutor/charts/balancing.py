"""What each pod of a service gets, and how long it takes: shares on the left, latencies on the right, a bar per run.

`settings` gives what the traces of a live chart are updated with, `balanced` builds the whole figure from the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display import text
from meshtutor.display.colors import color_of, translucent
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import percentile

_PALEST: Final = 0.35  # each version keeps its colour; earlier runs are paler
_LEFT, _RIGHT = (0.0, 0.46), (0.57, 1.0)


def balanced(
    *runs: Iterable[Outcome], names: Sequence[str] = ("before", "after"), height: int = 320
) -> Chart:
    """Shares of requests and median latencies by pod, for one run or several; Reports are runs.

    ValueError if there are fewer `names` than runs.
    """
    given = [list(run) for run in runs]
    if len(names) < len(given):
        raise ValueError(f"{len(given)} runs need as many names, got {names!r}")
    found = settings(*given)
    traces = [
        go.Bar(name=name, hovertemplate="%{x}: %{y:.1f} %<extra>" + name + "</extra>", **found[2 * i])
        for i, name in enumerate(names[: len(given)])
    ] + [
        go.Bar(
            name=name, xaxis="x2", yaxis="y2", showlegend=False,
            hovertemplate="%{x}: %{y:.0f} ms<extra>" + name + "</extra>", **found[2 * i + 1],
        )
        for i, name in enumerate(names[: len(given)])
    ]  # fmt: skip
    traces = [trace for i in range(len(given)) for trace in (traces[i], traces[len(given) + i])]
    look = layout(
        axis("", type="category", domain=_LEFT),
        axis("share of requests (%)", rangemode="tozero"),
        xaxis2=axis("", type="category", domain=_RIGHT, anchor="y2"),
        yaxis2=axis("median latency (ms, log scale)", type="log", anchor="x2", dtick=1),
        barmode="group",
        bargap=0.3,
        height=height,
        uirevision="kept",
        showlegend=len(given) > 1,
    )
    return Chart(traces, look, words(given, names))


def settings(*runs: Sequence[Outcome]) -> list[dict[str, Any]]:
    """For each run what its trace of shares and its trace of latencies show; pods are the same in all of them."""
    labels = pods([outcome for run in runs for outcome in run])
    last = max(1, len(runs) - 1)
    found: list[dict[str, Any]] = []
    for i, run in enumerate(runs):
        strength = _PALEST + (1 - _PALEST) * i / last if len(runs) > 1 else 1.0
        colors = [translucent(color_of(version), strength) for _, version in labels.values()]
        names, marker = [label for label, _ in labels.values()], {"color": colors}
        found += [
            {"x": names, "y": [share * 100 for share in shares(run, labels)], "marker": marker},
            {"x": names, "y": medians(run, labels), "marker": marker},
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


def shares(run: Sequence[Outcome], labels: Mapping[str, Any]) -> list[float]:
    """The share (0..1) of each of these pods in a run."""
    counted = Counter(outcome.pod for outcome in run)
    return [counted[pod] / max(1, len(run)) for pod in labels]


def medians(run: Sequence[Outcome], labels: Mapping[str, Any]) -> list[float | None]:
    """The median milliseconds of each of these pods; None for one that got nothing."""
    taken = {pod: sorted(o.milliseconds for o in run if o.pod == pod) for pod in labels}
    return [percentile(values, 50) if values else None for values in taken.values()]


def words(runs: Sequence[Sequence[Outcome]], names: Sequence[str]) -> str:
    """A row for each pod: its share and its median latency in each run."""
    labels = pods([outcome for run in runs for outcome in run])
    if not labels:
        return "no requests yet"
    columns = [list(zip(shares(run, labels), medians(run, labels), strict=True)) for run in runs]
    rows = [
        (label, *(_cell(*column[i]) for column in columns)) for i, (label, _) in enumerate(labels.values())
    ]
    return text.columns([("pod", *names[: len(runs)]), *rows], indent="")


def _cell(share: float, median: float | None) -> str:
    return f"{share:.0%}" + ("" if median is None else f", {text.milliseconds(median)}")


def _family(pod: str) -> str:
    """A pod's Deployment: its name without the hash of the template and the random end."""
    return pod.rsplit("-", 2)[0]
