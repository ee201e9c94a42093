"""Containers' logs: a file per run, bounded, read and followed as `kubectl logs` asks.

Processes append to the file themselves (O_APPEND), so a log line costs the lab nothing. A log that outgrows
its bound keeps its newest part. Left out: the times of lines, and with them `--timestamps` and `--since`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

LIMIT: Final = 10 << 20
_KEPT: Final = 1 << 20
_CHUNK: Final = 1 << 16
_POLL_SECONDS: Final = 0.1
_CUT: Final = b"... the log had outgrown 10 MB; older lines were dropped ...\n"


def rotate(current: Path, previous: Path) -> None:
    """Before a container starts again: its log becomes that of the previous run."""
    if current.exists():
        current.replace(previous)


def trim(path: Path, limit: int = LIMIT, kept: int = _KEPT) -> None:
    """Cut a log larger than `limit` bytes down to its last `kept`; lines written meanwhile may be lost."""
    try:
        size = path.stat().st_size
        if size <= limit:
            return
        with path.open("r+b") as file:
            file.seek(size - kept)
            tail = file.read().partition(b"\n")[2]
            file.truncate(0)
        with path.open("ab") as file:
            file.write(_CUT + tail)
    except FileNotFoundError:
        return


async def read(
    path: Path,
    *,
    tail_lines: int | None = None,
    limit_bytes: int | None = None,
    follow: Callable[[], bool] | None = None,
) -> AsyncIterator[bytes]:
    """The log in chunks; `follow()` says whether more may come (None: take what is there)."""
    left = limit_bytes
    start = _tail_offset(path, tail_lines) if tail_lines is not None else 0
    async for chunk in _chunks(path, start, follow):
        if left is not None:
            chunk, left = chunk[:left], left - len(chunk)  # noqa: PLW2901 - cut to what was asked for
        if chunk:
            yield chunk
        if left is not None and left <= 0:
            return


async def _chunks(path: Path, offset: int, follow: Callable[[], bool] | None) -> AsyncIterator[bytes]:
    while True:
        more = follow is not None and follow()  # asked before reading, so that the last lines are not missed
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < offset:
                    offset = 0  # it was trimmed
                file.seek(offset)
                while chunk := file.read(_CHUNK):
                    offset += len(chunk)
                    yield chunk
        except FileNotFoundError:
            if not more:
                return
        if not more:
            return
        await asyncio.sleep(_POLL_SECONDS)


def _tail_offset(path: Path, lines: int) -> int:
    """Where the last `lines` lines begin."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0
    if lines <= 0:
        return size
    with path.open("rb") as file:
        held, position = b"", size
        while position > 0 and held.count(b"\n") <= lines:
            step = min(_CHUNK, position)
            position -= step
            file.seek(position)
            held = file.read(step) + held
    tail = held.splitlines(keepends=True)[-lines:]
    return size - sum(map(len, tail))


def handler(path: Path) -> logging.Handler:
    """Writes the records of a container that runs inside the lab's process."""
    writer = logging.FileHandler(path, encoding="utf-8", delay=True)
    writer.setFormatter(logging.Formatter("%(asctime)s\t%(levelname)s\t%(name)s\t%(message)s"))
    return writer
