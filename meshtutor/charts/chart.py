"""The look that all plots share, and a figure that can say in words what it shows.

Backgrounds are transparent and text is mid-grey, so that one figure is readable in light and in dark themes
(contrast at least 3.9:1 on both); plotly's templates would fix one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go
import plotly.io as pio

from meshtutor.display import surroundings
from meshtutor.display.colors import GREY

GRID: Final = "rgba(128,128,128,0.25)"
CLEAR: Final = "rgba(0,0,0,0)"


class Chart(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A plotly figure; where nothing can be drawn, printing it tells what it would show."""

    def __init__(self, traces: Sequence[Any], layout: dict[str, Any], words: str) -> None:
        super().__init__(data=list(traces), layout=layout)
        self._words = words

    def __repr__(self) -> str:
        return str(self._words)

    def _ipython_display_(self) -> None:
        # plotly would open a browser window from IPython in a terminal
        if surroundings.in_notebook():
            pio.show(self, config={"displayModeBar": False, "responsive": True})
        else:
            sys.stdout.write(f"{self!r}\n")


def axis(title: str, **settings: Any) -> dict[str, Any]:
    """An axis with its title, which names the unit."""
    return {
        "title": {"text": title, "standoff": 8},
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": GRID,
        "automargin": True,
        **settings,
    }


def layout(x: dict[str, Any], y: dict[str, Any], *, height: int = 320, **settings: Any) -> dict[str, Any]:
    """A layout for two axes; height in pixels, the width follows the page."""
    return {
        "template": "none",
        "autosize": True,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": GREY, "size": 12, "family": "system-ui, sans-serif"},
        "xaxis": x,
        "yaxis": y,
        "height": height,
        "margin": {"l": 60, "r": 15, "t": 34, "b": 46},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hoverlabel": {"namelength": -1},
        **settings,
    }
