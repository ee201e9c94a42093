"""Steps as they are done, each command as a person would type it, and a bar that names what is waited for.

The bar is a line on a terminal that is written over; where standard error is no terminal, only whole lines are printed.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from meshtutor.cli import render
from meshtutor.display import surroundings, text

_WIDTH = 100


class Bar:
    """Hears what steps say; `made` is whether any of them did something."""

    def __init__(self) -> None:
        self.made = False
        self._step: dict[str, Any] = {}
        self._drawn = False

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def __call__(self, said: dict[str, Any]) -> None:
        """Show one thing that was said."""
        if "starting" in said:
            self._step = said
            self._draw("")
        elif "waiting" in said:
            self._draw(str(said["waiting"]))
        elif "command" in said:
            self._line(f"  $ {said['command']}")
        elif "note" in said:
            self._line(f"  ! {said['note']}")
        elif "part" in said:
            self.made = self.made or not said.get("done_before")
            self._line(
                f"  {'·' if said.get('done_before') else '✓'} {said['part']:<46} {said['seconds']:6.1f} s"
            )

    def _draw(self, waiting: str) -> None:
        if not surroundings.in_terminal():
            return
        number, total = self._step.get("step", 0), self._step.get("total", 0)
        bar = f"{text.bar((number - 1) / total):<24}" if total else ""
        shown = f"  {bar} {number} of {total} · {self._step.get('starting', '')}" + (
            f" · {waiting}" if waiting else ""
        )
        sys.stderr.write(f"\r\033[K{shown[:_WIDTH]}")
        sys.stderr.flush()
        self._drawn = True

    def _line(self, content: str) -> None:
        self._clear()
        render.line(content)

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._drawn = False
