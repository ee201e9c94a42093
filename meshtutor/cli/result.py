"""What a verb returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """`data` is what `--output json` prints, `lines` what a person reads; `code` is the exit status."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    code: int = 0
