"""What a column is, and cells that several kinds have."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.objects import seconds_of

Object = Mapping[str, Any]
NONE: Final = "<none>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 86400 * 365
_SIGNS: Final = {1: "s", _MINUTE: "m", _HOUR: "h", _DAY: "d", _YEAR: "y"}
_SCALE: Final = (
    (2 * _MINUTE, 1, 0),
    (10 * _MINUTE, _MINUTE, 1),
    (3 * _HOUR, _MINUTE, 0),
    (8 * _HOUR, _HOUR, _MINUTE),
    (2 * _DAY, _HOUR, 0),
    (8 * _DAY, _DAY, _HOUR),
    (2 * _YEAR, _DAY, 0),
    (8 * _YEAR, _YEAR, _DAY),
    (math.inf, _YEAR, 0),
)
"""Below how many seconds which unit is used, and which smaller one beside it."""


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
    unit, smaller = next((u, below) for limit, u, below in _SCALE if s < limit)
    rest = s % unit // smaller if smaller else 0
    return f"{s // unit}{_SIGNS[unit]}" + (f"{rest}{_SIGNS[smaller]}" if rest else "")


def joined(pairs: Mapping[str, Any] | None) -> str:
    """`a=b,c=d`, or <none>."""
    return ",".join(f"{k}={v}" for k, v in sorted(pairs.items())) if pairs else NONE


NAME: Final = Column("Name", name_of, format="name", description="Name must be unique within a namespace.")
AGE: Final = Column("Age", age_of, description="Time since the object was created.")
