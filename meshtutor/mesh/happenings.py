"""When rules were applied and deleted: what this notebook did, and what objects say of their own past.

An object knows when it was made and when somebody last changed it (metadata.creationTimestamp and managedFields, whole
seconds); that it is gone only this notebook's own memory tells.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from meshtutor.kube import objects
from meshtutor.mesh.changes import Change, title

_KEPT: Final = 200
_SAME_SECONDS: Final = 2.0
_TOLD: Final = ("created", "configured", "deleted")


@dataclass(frozen=True, order=True)
class Happening:
    """Something that was done to an object, `at` seconds since the epoch."""

    at: float
    action: str
    title: str

    def __str__(self) -> str:
        return f"{self.title} {self.action}"


class Happenings:
    """What a Mesh has done lately."""

    def __init__(self) -> None:
        self._done: deque[Happening] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def remember(self, changes: Iterable[Change]) -> None:
        """Changes that took effect just now."""
        now = time.time()
        with self._lock:
            self._done += [Happening(now, c.action, title(c.object)) for c in changes if c.action in _TOLD]

    def with_those_of(self, found: Iterable[dict[str, Any]]) -> tuple[Happening, ...]:
        """What was done here and what objects tell, by time; what both know is told once, as it was done here."""
        with self._lock:
            done = list(self._done)
        others = [one for obj in found for one in told_by(obj) if not any(_same(one, own) for own in done)]
        return tuple(sorted([*done, *others]))


def told_by(obj: dict[str, Any]) -> list[Happening]:
    """That an object was created, and if so that it was changed later."""
    meta = objects.metadata(obj)
    made = _seconds(meta.get("creationTimestamp"))
    fields = (one for one in meta.get("managedFields") or () if not one.get("subresource"))
    changed = max((_seconds(one.get("time")) for one in fields), default=0.0)
    found = [Happening(made, "created", title(obj))] if made else []
    if changed > made + 1:
        found.append(Happening(changed, "configured", title(obj)))
    return found


def _same(one: Happening, own: Happening) -> bool:
    return one.title == own.title and abs(one.at - own.at) <= _SAME_SECONDS


def _seconds(stamp: Any) -> float:
    return datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0
