"""What every part here speaks of: spans, the processes that reported them, their tags. Values only.

Jaeger's own model (jaeger-idl, model.proto); ids are integers, times and durations microseconds.
"""

from __future__ import annotations

import sys
from typing import Literal, NamedTuple

Value = str | bool | int | float | bytes
ValueType = Literal["string", "bool", "int64", "float64", "binary"]


class Tag(NamedTuple):
    """A key and its value. `type` keeps True, 1 and 1.0 apart, which Python thinks equal."""

    key: str
    type: ValueType
    value: Value

    @property
    def text(self) -> str:
        """The value as a query's text names it (model.KeyValue.AsString)."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, bytes):
            return self.value.hex()
        return f"{self.value:.10g}" if isinstance(self.value, float) else str(self.value)


class Process(NamedTuple):
    """Who reported a span."""

    service: str
    tags: tuple[Tag, ...] = ()


class Reference(NamedTuple):
    """Another span that this one refers to, perhaps of another trace."""

    type: Literal["CHILD_OF", "FOLLOWS_FROM"]
    trace_id: int
    span_id: int


class Log(NamedTuple):
    """Something that happened during a span."""

    timestamp: int
    fields: tuple[Tag, ...]


class Span(NamedTuple):
    """One piece of work. `parent` is the id of its parent in the same trace, 0 if it has none; tags are sorted by key.

    `kind` is "client", "server", "producer", "consumer", "internal" or "" (unsaid); it is a tag (`span.kind`) as well.
    """

    trace_id: int
    span_id: int
    parent: int
    operation: str
    kind: str
    start: int
    duration: int
    process: Process
    tags: tuple[Tag, ...] = ()
    references: tuple[Reference, ...] = ()
    logs: tuple[Log, ...] = ()


def tag(key: str, value: Value) -> Tag:
    """A tag of a value's own type; keys are few, so they are interned."""
    if isinstance(value, str):
        return Tag(sys.intern(key), "string", value)
    if isinstance(value, bool):
        return Tag(sys.intern(key), "bool", value)
    if isinstance(value, int):
        return Tag(sys.intern(key), "int64", value)
    return Tag(sys.intern(key), "float64" if isinstance(value, float) else "binary", value)


def ordered(tags: list[Tag]) -> tuple[Tag, ...]:
    """Tags by key, as Jaeger shows them (query's SortTagsAndLogFields)."""
    return tuple(sorted(tags, key=_key))


def _key(one: Tag) -> str:
    return one.key
