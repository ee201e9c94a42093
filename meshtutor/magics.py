"""`%%apply`: a cell of YAML goes to the mesh, as `kubectl apply -f -` would send it.

`connect()` registers it with the mesh that it returns, so there is nothing to load.
"""

from __future__ import annotations

from typing import Any

from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import Applied


def register(shell: Any, mesh: Mesh) -> None:
    """Make `%%apply` apply to this mesh; a later call takes the place of an earlier one."""

    def apply(line: str, cell: str) -> Applied:
        """Apply the cell's YAML and show what became of it."""
        if line.strip():
            raise MeshtutorError(
                f"%%apply takes no arguments, got {line.strip()!r}.", "Write the YAML below it"
            )
        if not cell.strip():
            raise MeshtutorError("There is no YAML in this cell.", "Write an object below %%apply")
        return mesh.apply(cell if cell.endswith("\n") else cell + "\n")

    shell.register_magic_function(apply, magic_kind="cell", magic_name="apply")
