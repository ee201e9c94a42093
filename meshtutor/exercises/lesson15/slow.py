"""An application that takes its time, so that limits and timeouts have something to limit."""

from __future__ import annotations

from collections.abc import Callable

from meshtutor.mesh import Mesh


def slow_ratings(milliseconds: int) -> Callable[[Mesh], None]:
    """Before the task begins, ratings takes so many milliseconds for each answer; `reset` heals it."""

    def prepare(mesh: Mesh) -> None:
        mesh.send("ratings", n=1, method="PUT", path="/fault", body={"delay_ms": milliseconds})

    return prepare
