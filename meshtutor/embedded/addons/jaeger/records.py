"""A span as one bytes object: fixed fields first, then the numbers of its tags. About 170 bytes instead of 3,000.

Layout, little-endian: start, duration, operation's number, process's number, span id, parent's id, number of the rest,
then a number for each tag. What a search looks at comes first, so that it can be read alone. Receivers see to it that
every number fits: ids of 64 bits, times that a signed 64-bit integer holds.
"""

from __future__ import annotations

import struct
import sys
from typing import Final, NamedTuple

from meshtutor.embedded.addons.jaeger.model import Log, Process, Reference, Span, Tag
from meshtutor.embedded.addons.jaeger.vocabulary import Vocabulary

HEAD: Final = struct.Struct("<qqII")
"""start, duration, operation, process"""
RELATIVES: Final = struct.Struct("<20xIQQ")
"""process, span id, parent's id"""
_FIXED: Final = struct.Struct("<qqIIQQI")
_TIMES: Final = struct.Struct("<qq")
_WORDS: Final = struct.Struct("<II")
_IDS: Final = struct.Struct("<QQ")
_REST: Final = struct.Struct("<I")
NUMBER: Final = 4
"""Bytes of a tag's number."""


class Operation(NamedTuple):
    """What a service does: the name of its spans and their kind ("" if unsaid)."""

    service: str
    name: str
    kind: str


class Rest(NamedTuple):
    """What few spans have."""

    references: tuple[Reference, ...]
    logs: tuple[Log, ...]


class Records:
    """Packs spans and unpacks them; the vocabularies know which words are in use."""

    def __init__(self) -> None:
        self.tags: Vocabulary[Tag] = Vocabulary(_size_of_tag)
        self.operations: Vocabulary[Operation] = Vocabulary()
        self.processes: Vocabulary[Process] = Vocabulary(_size_of_process)
        self.rests: Vocabulary[Rest] = Vocabulary(_size_of_rest)

    @property
    def size(self) -> int:
        """About what the vocabularies take, in bytes."""
        return self.tags.size + self.operations.size + self.processes.size + self.rests.size

    def pack(self, span: Span) -> bytes:
        """The span's record; every word in it is used once more. before that, struct.error if a number is too big."""
        times, ids = _TIMES.pack(span.start, span.duration), _IDS.pack(span.span_id, span.parent)
        words = _WORDS.pack(
            self.operations.use(Operation(span.process.service, span.operation, span.kind)),
            self.processes.use(span.process),
        )
        rest = self.rests.use(Rest(span.references, span.logs)) if span.references or span.logs else 0
        numbers = [self.tags.use(tag) for tag in span.tags]
        return times + words + ids + _REST.pack(rest) + struct.pack(f"<{len(numbers)}I", *numbers)

    def unpack(self, trace_id: int, record: bytes) -> Span:
        """The span again."""
        start, duration, operation, process, span_id, parent, rest = _FIXED.unpack_from(record)
        _, name, kind = self.operations[operation]
        references, logs = self.rests[rest] if rest else ((), ())
        tags = tuple([self.tags[number] for number in tag_numbers(record)])
        who = self.processes[process]
        return Span(trace_id, span_id, parent, name, kind, start, duration, who, tags, references, logs)

    def release(self, record: bytes) -> None:
        """Give up the words of a record that nobody keeps any longer."""
        _, _, operation, process, _, _, rest = _FIXED.unpack_from(record)
        self.operations.release(operation)
        self.processes.release(process)
        if rest:
            self.rests.release(rest)
        for number in tag_numbers(record):
            self.tags.release(number)


def tag_numbers(record: bytes) -> tuple[int, ...]:
    """The numbers of a record's tags."""
    count = (len(record) - _FIXED.size) // NUMBER
    return struct.unpack_from(f"<{count}I", record, _FIXED.size)


def rest_number(record: bytes) -> int:
    """The number of a record's references and logs, 0 if it has none."""
    return int(_FIXED.unpack_from(record)[-1])


def _size_of_tag(tag: Tag) -> int:
    """Keys are shared by all tags."""
    return sys.getsizeof(tag) + sys.getsizeof(tag.value)


def _size_of_process(process: Process) -> int:
    return sys.getsizeof(process.service) + sum(map(_size_of_tag, process.tags)) + sys.getsizeof(process)


def _size_of_rest(rest: Rest) -> int:
    fields = sum(_size_of_tag(tag) for log in rest.logs for tag in log.fields)
    return fields + 100 * (len(rest.logs) + len(rest.references) + 1)
