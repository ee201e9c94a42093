"""The only place of the command that prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from meshtutor.cli.result import Result


def result(outcome: Result, output: str) -> None:
    """A verb's outcome, as text or JSON, on standard output."""
    print(json.dumps(outcome.data, indent=2) if output == "json" else "\n".join(outcome.lines), flush=True)


def line(text: str = "", end: str = "\n") -> None:
    """A line while the work goes on: on standard error, so that JSON on standard output stays whole."""
    print(text, file=sys.stderr, end=end, flush=True)


def raw(chunk: bytes) -> None:
    """Bytes as they come, for logs."""
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def progress(said: dict[str, Any]) -> None:
    """One part of the lab that has become ready."""
    line(f"  ✓ {said['part']:<34} {said['seconds']:6.2f} s")


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, as kubectl prints them."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
