"""An application that takes its time, so that limits and timeouts have something to limit."""

from __future__ import annotations

from collections.abc import Callable

from meshtutor.mesh import Mesh


def slow_ratings(milliseconds: int) -> Callable[[Mesh], None]:
    """Before the task begins, ratings takes so many milliseconds for each answer; `reset` heals it."""

    def prepare(mesh: Mesh) -> None:
        mesh.disturb("ratings", delay_ms=milliseconds)

    return prepare
