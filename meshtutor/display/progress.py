"""A progress bar for work that takes longer than a moment.

In a notebook one output that is updated in place and vanishes at the end; in a terminal one line on stderr;
silent everywhere else. Nothing appears during the first half second, so that quick work stays quiet.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from meshtutor.display import html, surroundings, text

_QUIET_SECONDS: Final = 0.5
_BETWEEN_UPDATES: Final = 0.1
_COLOR: Final = "#0072B2"


class Progress:
    """Use as a context manager; call it with how much is done and, if known, of how many."""

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.label = label
        self._clock = clock
        self._next = clock() + _QUIET_SECONDS
        self._handle: Any = None
        self._written = False

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, total: int = 0, waiting_for: str = "") -> None:
        """Show that `done` of `total` is done."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _BETWEEN_UPDATES
        if surroundings.in_notebook():
            self._show_html(self._as_html(done, total, waiting_for))
        elif surroundings.in_terminal():
            self._written = True
            sys.stderr.write(f"\r\033[K{self._as_text(done, total, waiting_for)}")
            sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._show_html("")
        if self._written:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def _as_text(self, done: int, total: int, waiting_for: str) -> str:
        figure = f"{done} of {total}" if total else str(done)
        drawn = f" {text.bar(done / total):<24}" if total else ""
        return f"{self.label}{drawn} {figure}" + (f" · waiting for {waiting_for}" if waiting_for else "")

    def _as_html(self, done: int, total: int, waiting_for: str) -> str:
        figure = f"{done} of {total}" if total else str(done)
        drawn = html.bar(done / total, _COLOR, 14) if total else ""
        rest = f" · waiting for {waiting_for}" if waiting_for else ""
        return html.join(f"{self.label} ", html.Html(drawn), f" {figure}", html.muted(rest))

    def _show_html(self, content: str) -> None:
        from IPython.display import HTML, display

        if self._handle is None:
            self._handle = display(HTML(content), display_id=True)
        else:
            self._handle.update(HTML(content))
