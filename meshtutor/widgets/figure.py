"""A chart as a widget whose traces can be changed in place, complete from the page's first sight of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go


class _Figure(go.FigureWidget):  # type: ignore[misc]  # plotly has no types
    """Plotly tells the page of an empty figure first and of its content later (BaseFigureWidget.__init__).

    A busy page may draw in between, and the figure stays empty: its view follows changes, not the content.
    """

    _complete = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._config = {"displayModeBar": False, "responsive": True}
        self._complete = True
        self.open()

    def open(self) -> None:
        """Tell the page of it; not before there is something to tell."""
        if self._complete:
            super().open()


def refill(figure: Any, traces: Iterable[Any]) -> None:
    """Give the plots of a living figure these data, in place and all at once; there are as many of both."""
    with figure.batch_update():
        for old, new in zip(figure.data, traces, strict=True):
            old.update(new.to_plotly_json())


def living(chart: Any) -> Any:
    """A chart, or any plotly figure, as a widget."""
    return _Figure(data=chart.data, layout=chart.layout)
