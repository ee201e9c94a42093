"""Which traces a query means: those with a span that fits all of it (Jaeger's memory store, validSpan).

Words are looked up first, so that the search through the records only compares numbers. A tag may be the span's, its
process's, or a field of its logs; its value is compared as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from meshtutor.embedded.addons.jaeger.model import Tag
from meshtutor.embedded.addons.jaeger.records import HEAD, NUMBER, Records, rest_number, tag_numbers
from meshtutor.embedded.addons.jaeger.store import Store, Trace

_FOREVER = 2**62


@dataclass(frozen=True)
class Query:
    """What is asked for; times and durations in µs, 0 for no bound. `tags` must all be there."""

    service: str
    operation: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    start: int = 0
    end: int = _FOREVER
    min_duration: int = 0
    max_duration: int = 0
    limit: int = 100


@dataclass(frozen=True)
class _TagWanted:
    """Numbers of the tags, processes and rests in which one wanted tag is found."""

    tags: frozenset[int]
    processes: frozenset[int]
    rests: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.tags or self.processes or self.rests)

    @property
    def needle(self) -> bytes:
        """The number that a record with the tag must contain; empty if there are several ways to have it."""
        if len(self.tags) != 1 or self.processes or self.rests:
            return b""
        return min(self.tags).to_bytes(NUMBER, "little")

    def on(self, record: bytes, process: int) -> bool:
        return (
            process in self.processes
            or not self.tags.isdisjoint(tag_numbers(record))
            or (bool(self.rests) and rest_number(record) in self.rests)
        )


def search(store: Store, query: Query) -> list[int]:
    """Ids of the newest traces that fit, at most `limit` (0: all)."""
    fits = _compile(store.records, query)
    found: list[int] = []
    if fits is None:
        return found
    for trace in store.newest():
        if trace.first <= query.end and trace.last >= query.start and fits(trace):
            found.append(trace.id)
            if len(found) == query.limit:
                break
    return found


def _compile(records: Records, query: Query) -> Callable[[Trace], bool] | None:
    """The test of a trace, or None if a word of the query occurs nowhere."""
    operations = frozenset(
        number
        for operation, number in records.operations.items()
        if operation.service == query.service and query.operation in ("", operation.name)
    )
    wanted = [_find(records, key, text) for key, text in query.tags.items()]
    if not operations or not all(wanted):
        return None
    earliest, latest = query.start, query.end
    shortest, longest = query.min_duration, query.max_duration or _FOREVER
    read = HEAD.unpack_from
    needle = max((tag.needle for tag in wanted), default=b"")  # one that is not empty, if there is one

    def fits(trace: Trace) -> bool:
        for record in trace.records:
            start, duration, operation, process = read(record)
            if (
                operation in operations
                and earliest <= start <= latest
                and shortest <= duration <= longest
                and needle in record  # saves most records the closer look
                and all(tag.on(record, process) for tag in wanted)
            ):
                return True
        return False

    return fits


def _find(records: Records, key: str, text: str) -> _TagWanted:
    return _TagWanted(
        frozenset(number for tag, number in records.tags.items() if tag.key == key and tag.text == text),
        frozenset(number for who, number in records.processes.items() if _has(who.tags, key, text)),
        frozenset(
            number
            for rest, number in records.rests.items()
            if any(_has(log.fields, key, text) for log in rest.logs)
        ),
    )


def _has(tags: Iterable[Tag], key: str, text: str) -> bool:
    return any(tag.key == key and tag.text == text for tag in tags)
