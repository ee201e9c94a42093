"""What all faces of widgets are: a column of widgets, with the page's style for who has asked for less motion.

A browser passes that wish on (`prefers-reduced-motion`, drafts.csswg.org/mediaqueries-5; WCAG 2.2, 2.3.3 and 2.2.2).
Two things move: what a style sheet animates, such as the handle of a slider on its way, which then jumps; and live
charts, whose time runs on, which are then redrawn seldom (`Pace`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import anywidget
import ipywidgets

CALM_SECONDS: Final = 6.0
_STILL: Final = """
@media (prefers-reduced-motion: reduce) {
  .jupyter-widgets, .jupyter-widgets *, .jupyter-widgets *::before, .jupyter-widgets *::after, .plotly-notifier * {
    animation: none !important;
    scroll-behavior: auto !important;
    transition: none !important;
  }
}
"""


class _Style(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget's base has no types
    _esm = "export default { render({ el }) { el.style.display = 'none'; } };"
    _css = _STILL


class Face(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A column of widgets."""

    def __init__(self, children: Sequence[Any]) -> None:
        self._style = _Style()
        super().__init__([*children, self._style])

    def close(self) -> None:
        """Take it out of the page."""
        self._style.close()
        super().close()


class Pace:
    """Draws at each news; for who asked for less motion at most every CALM_SECONDS, and never drops the last one."""

    def __init__(self, draw: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._draw = draw
        self._clock = clock
        self._calm = False
        self._waiting = False
        self._drawn = -CALM_SECONDS

    def news(self) -> None:
        """There is something new to see."""
        self._waiting = True
        self._look()

    def beat(self, calm: bool) -> None:
        """The page looks, and says how it wants to be drawn; what was held back is drawn when its time has come."""
        self._calm = calm
        self._look()

    def _look(self) -> None:
        now = self._clock()
        if self._waiting and (not self._calm or now - self._drawn >= CALM_SECONDS):
            self._waiting, self._drawn = False, now
            self._draw()
