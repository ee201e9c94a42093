"""Errors that reach a learner as a sentence and the next step, not as forty lines of traceback.

The exception itself still propagates: the cell fails, nbmake sees it, `raises-exception` works. Only what is
printed is short. Everything that is not a MeshtutorError keeps its full traceback: that is a bug, and a bug
should show.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from meshtutor.errors import MeshtutorError


def install(shell: Any) -> None:
    """Register the short rendering with an IPython shell."""
    shell.set_custom_exc((MeshtutorError,), _show)


def sentence(error: MeshtutorError) -> list[str]:
    """The lines that are printed: the kind of error and what happened, then the next step."""
    first = f"\033[31m{type(error).__name__}\033[0m: {error.message}"
    return [first, *(f"  \033[36m→ {line}\033[0m" for line in error.hint.splitlines())]


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> list[str]:
    """IPython's handler: it prints what it is given; what is returned goes to the cell's error output."""
    del trace, tb_offset
    if not isinstance(error, MeshtutorError):  # pragma: no cover - IPython calls this for MeshtutorError only
        return [str(error)]
    lines = sentence(error)
    shell._showtraceback(kind, error, lines)
    return lines
