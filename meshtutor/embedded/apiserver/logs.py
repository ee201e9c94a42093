"""The joint to whatever keeps the containers' output: the kubelet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class LogSource(Protocol):
    """Implemented by the kubelet (kubelet/podlogs.py); set as `Registry.log_source`."""

    def read(
        self,
        namespace: str,
        name: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """A container's log in pieces; with `follow` it ends when that run of the container does.

        Raises MeshtutorError before the first piece if there is no such log, e.g. no previous run.
        """
        ...
