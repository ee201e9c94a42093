"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "missing", "wrong"]


@dataclass(frozen=True)
class Check:
    """`state` ok, missing (wanted only for `needed_for`) or wrong; `repair` is the command that mends it."""

    name: str
    state: State
    found: str
    repair: str = ""
    needed_for: str = "the embedded mesh"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
