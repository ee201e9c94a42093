"""The joint to whatever keeps the containers' output: the kubelet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class LogOptions:
    """What a reader of a log may ask for (core/v1 PodLogOptions)."""

    follow: bool = False
    previous: bool = False
    tail_lines: int | None = None
    since_seconds: float | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


class LogSource(Protocol):
    """Implemented by the kubelet; set as `Registry.log_source`."""

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The container's output in pieces; with `follow` it ends when the container does.

        Raises ApiStatusError (400) before the first piece if there is no such log, e.g. no previous container.
        """
        ...
