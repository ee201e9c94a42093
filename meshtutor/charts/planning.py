"""How many requests it takes to tell one share from another."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from meshtutor.charts.chart import Chart, axis, layout
from meshtutor.display.colors import color_of
from meshtutor.traffic import statistics


def requests_needed(share: float, others: Sequence[float]) -> Chart:
    """Bars, on a logarithmic axis: requests until `share` is told from each of `others` (all 0..1).

    Each kind of error (calling equal what differs, and the reverse) at most 1 %.
    """
    needed = [statistics.requests_needed(share, other) for other in others]
    labels = [f"{other:.0%}" for other in others]
    bars = go.Bar(
        x=labels,
        y=needed,
        text=[f"{n:,}" for n in needed],
        textposition="outside",
        cliponaxis=False,
        marker={"color": color_of("v1")},
        hovertemplate=f"{share:.0%} or %{{x}}: %{{y:,}} requests<extra></extra>",
    )
    drawn = layout(
        axis(f"{share:.0%}, or rather ...", type="category"),
        axis("requests needed (log scale)", type="log", range=[0, 5]),
    )
    words = "; ".join(
        f"{share:.0%} or {label}: {n:,} requests" for label, n in zip(labels, needed, strict=True)
    )
    return Chart([bars], drawn, words)
