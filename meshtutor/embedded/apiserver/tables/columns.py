"""What a column is, and cells that several kinds have."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.objects import seconds_of

Object = Mapping[str, Any]
NONE: Final = "<none>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 86400 * 365


@dataclass(frozen=True)
class Column:
    """A column; those with priority 1 are printed with `-o wide` only."""

    name: str
    cell: Callable[[Object], Any]
    priority: int = 0
    type: str = "string"
    format: str = ""
    description: str = ""

    def definition(self) -> dict[str, Any]:
        """As `columnDefinitions` has it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def at(obj: Any, *path: str) -> Any:
    """The value at a path of keys, or None."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, Mapping) else None
    return obj


def name_of(obj: Object) -> str:
    """The name."""
    return str(obj["metadata"]["name"])


def age_of(obj: Object) -> str:
    """Time since creation."""
    return age(obj["metadata"].get("creationTimestamp"))


def age(stamp: str | None) -> str:
    """Time since an RFC 3339 time, `<unknown>` if there is none."""
    return duration(time.time() - seconds_of(stamp)) if stamp else "<unknown>"


def duration(seconds: float) -> str:
    """Short and human: 5s, 2m30s, 3h5m, 2d3h, 1y20d (apimachinery's duration.HumanDuration)."""
    s = int(seconds)
    if s < 0:
        return "<invalid>" if s < -1 else "0s"
    for limit, text in (
        (2 * _MINUTE, lambda: f"{s}s"),
        (10 * _MINUTE, lambda: _two(s, _MINUTE, "m", 1, "s")),
        (3 * _HOUR, lambda: f"{s // _MINUTE}m"),
        (8 * _HOUR, lambda: _two(s, _HOUR, "h", _MINUTE, "m")),
        (2 * _DAY, lambda: f"{s // _HOUR}h"),
        (8 * _DAY, lambda: _two(s, _DAY, "d", _HOUR, "h")),
        (2 * _YEAR, lambda: f"{s // _DAY}d"),
        (8 * _YEAR, lambda: _two(s, _YEAR, "y", _DAY, "d")),
    ):
        if s < limit:
            return text()
    return f"{s // _YEAR}y"


def _two(s: int, unit: int, sign: str, smaller: int, small_sign: str) -> str:
    rest = s % unit // smaller
    return f"{s // unit}{sign}" + (f"{rest}{small_sign}" if rest else "")


def joined(pairs: Mapping[str, Any] | None) -> str:
    """`a=b,c=d`, or <none>."""
    return ",".join(f"{k}={v}" for k, v in sorted(pairs.items())) if pairs else NONE


NAME: Final = Column("Name", name_of, format="name", description="Name must be unique within a namespace.")
AGE: Final = Column("Age", age_of, description="Time since the object was created.")
