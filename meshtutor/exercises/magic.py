"""`%%exercise 6.1`: the cell's YAML goes to a clean mesh and is checked. `mt.connect()` registers it."""

from __future__ import annotations

from typing import Any

from meshtutor.errors import MeshtutorError
from meshtutor.exercises.book import BOOK
from meshtutor.exercises.verdicts import Verdict


def register(shell: Any) -> None:
    """Make `%%exercise NAME` known to an IPython shell."""

    def exercise(line: str, cell: str | None = None) -> Verdict:
        """Apply the cell's YAML to a clean mesh and check it; an unchanged cell is not attempted."""
        if not line.strip():
            raise MeshtutorError("Which exercise?", f"%%exercise NAME; there are: {', '.join(BOOK)}")
        return BOOK[line.strip()].attempt(f"{cell or ''}\n")

    # also a line magic: IPython refuses a cell magic whose cell is empty, and an empty cell is not attempted
    shell.register_magic_function(exercise, magic_kind="line_cell", magic_name="exercise")
