"""When rules were applied and deleted: what this notebook did, and what is seen of what others do.

An object knows when it was made and when somebody last changed it (metadata.creationTimestamp and managedFields, whole
seconds); that it is gone, it cannot say. So whoever shows a live picture looks again and again (`notice`), and what
is different between two looks has happened between them. A look is a poll, not a watch: a watch of each kind would keep
a dozen connections and threads, and a chart cannot tell changes apart that are closer than two looks.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from meshtutor.kube import objects
from meshtutor.kube.objects import ObjectKey
from meshtutor.mesh.changes import Change, title

_KEPT: Final = 200
_SAME_SECONDS: Final = 2.0
_PROMPT_SECONDS: Final = 6.0  # between looks: then the moment of a deletion is known well enough
_TOLD: Final = ("created", "configured", "deleted")
Object = dict[str, Any]


@dataclass(frozen=True, order=True)
class Happening:
    """Something that was done to an object, `at` seconds since the epoch.

    `action` is "created", "configured" or "deleted"; "found deleted" where nobody looked when it went.
    """

    at: float
    action: str
    title: str

    def __str__(self) -> str:
        return f"{self.title} {self.action}"


class Look(NamedTuple):
    """The objects that are there now; `kinds` are those (group, kind) that could be read."""

    objects: list[Object]
    kinds: frozenset[tuple[str, str]]


class _Seen(NamedTuple):
    title: str
    uid: str
    generation: int
    changed: float


class _Noticed(NamedTuple):
    """A happening, and the earliest moment at which it may have been."""

    happening: Happening
    since: float


class Happenings:
    """What a Mesh has done lately, and what it has seen of others."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._done: deque[Happening] = deque(maxlen=_KEPT)
        self._noticed: deque[_Noticed] = deque(maxlen=_KEPT)
        self._seen: dict[ObjectKey, _Seen] = {}
        self._looked = 0.0
        self._lock = threading.Lock()

    def remember(self, changes: Iterable[Change]) -> None:
        """Changes that took effect just now."""
        now = self._clock()
        with self._lock:
            self._done += [Happening(now, c.action, title(c.object)) for c in changes if c.action in _TOLD]

    def notice(self, look: Look) -> None:
        """Compare with the look before; the first one tells what objects say of their own past."""
        now = self._clock()
        with self._lock:
            there = {ObjectKey.of(obj): obj for obj in look.objects}
            news = [one for key, obj in there.items() for one in self._news_of(self._seen.get(key), obj, now)]
            gone = [key for key in self._seen if key not in there and (key.group, key.kind) in look.kinds]
            news += [self._gone(self._seen.pop(key), now) for key in gone]
            self._noticed += sorted(news)
            self._seen |= {key: _seen(obj) for key, obj in there.items()}
            self._looked = now

    def told(self) -> tuple[Happening, ...]:
        """What was done here and what was seen, by time; what is both is told once, as it was done here."""
        with self._lock:
            done, noticed = list(self._done), list(self._noticed)
        others = [one.happening for one in noticed if not any(_same(one, own) for own in done)]
        return tuple(sorted([*done, *others]))

    def _news_of(self, before: _Seen | None, obj: Object, now: float) -> Iterator[_Noticed]:
        after = _seen(obj)
        if before is None or before.uid != after.uid:
            if before is not None:
                yield self._gone(before, now)
            yield from (_Noticed(one, one.at) for one in told_by(obj))
        elif after.changed > before.changed:
            yield _Noticed(Happening(after.changed, "configured", after.title), after.changed)
        elif (
            after.generation != before.generation
        ):  # again within a second, or by a subresource such as scale
            yield _Noticed(Happening(now, "configured", after.title), self._looked)

    def _gone(self, one: _Seen, now: float) -> _Noticed:
        action = "deleted" if now - self._looked <= _PROMPT_SECONDS else "found deleted"
        return _Noticed(Happening(now, action, one.title), self._looked)


def told_by(obj: Object) -> list[Happening]:
    """That an object was created, and if so that it was changed later."""
    made = _seconds(objects.metadata(obj).get("creationTimestamp"))
    changed = _changed(obj)
    found = [Happening(made, "created", title(obj))] if made else []
    if changed > made + 1:
        found.append(Happening(changed, "configured", title(obj)))
    return found


def _seen(obj: Object) -> _Seen:
    meta = objects.metadata(obj)
    return _Seen(title(obj), str(meta.get("uid", "")), int(meta.get("generation") or 0), _changed(obj))


def _changed(obj: Object) -> float:
    """When somebody last changed it; what controllers write into its status is no change of a rule."""
    fields = (one for one in objects.metadata(obj).get("managedFields") or () if not one.get("subresource"))
    return max((_seconds(one.get("time")) for one in fields), default=0.0)


def _same(one: _Noticed, own: Happening) -> bool:
    near = one.since - _SAME_SECONDS <= own.at <= one.happening.at + _SAME_SECONDS
    return near and one.happening.title == own.title


def _seconds(stamp: Any) -> float:
    return datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0
