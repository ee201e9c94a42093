"""Traces in memory, never more than so many spans and so many bytes: when a bound is reached, the oldest trace goes.

Oldest is the trace whose first span came first. A trace goes as a whole, as half of one would mislead; spans that come
later begin it anew. Bytes are counted, not measured: see `Vocabulary` and `_TRACE`; the benchmark compares them with
the process's memory.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from meshtutor.embedded.addons.jaeger.model import Span
from meshtutor.embedded.addons.jaeger.records import HEAD, Records

MAX_SPANS: Final = 100_000
MAX_BYTES: Final = 50_000_000
_TRACE: Final = 400
"""Bytes that a trace takes besides its records."""
_SLOT: Final = 8
Calls = tuple[tuple[int, int], ...]
"""(number of the caller's process, of the called one's), one for each call between processes."""


class Trace:
    """A trace's records in the order of their coming; first and last start of its spans in µs.

    `calls` is kept by `dependencies`: who called whom in it, None while that is not known.
    """

    __slots__ = ("calls", "first", "id", "last", "records")

    def __init__(self, trace_id: int, start: int) -> None:
        self.id = trace_id
        self.first = self.last = start
        self.records: list[bytes] = []
        self.calls: Calls | None = None

    def add(self, record: bytes) -> None:
        """One record more."""
        start = HEAD.unpack_from(record)[0]
        self.first, self.last = min(self.first, start), max(self.last, start)
        self.records.append(record)
        self.calls = None


class Store:
    """Spans go in with `add` and come out with `spans`; `search` and `dependencies` read `traces` and `records`."""

    def __init__(self, max_spans: int = MAX_SPANS, max_bytes: int = MAX_BYTES) -> None:
        self.max_spans = max_spans
        self.max_bytes = max_bytes
        self.records = Records()
        self.traces: dict[int, Trace] = {}
        self.span_count = 0
        self.received = 0
        self._order: deque[int] = deque()
        self._bytes = 0

    @property
    def size(self) -> int:
        """About what everything kept takes, in bytes."""
        return self._bytes + self.records.size

    def add(self, spans: Iterable[Span]) -> None:
        """Keep spans; the oldest traces make room for them."""
        for span in spans:
            self._keep(span)
            while self.span_count > self.max_spans or self.size > self.max_bytes:
                self._drop_oldest()

    def _keep(self, span: Span) -> None:
        record = self.records.pack(span)  # first: a span that cannot be packed leaves no trace without spans
        trace = self.traces.get(span.trace_id)
        if trace is None:
            trace = self.traces[span.trace_id] = Trace(span.trace_id, span.start)
            self._order.append(span.trace_id)
            self._bytes += _TRACE
        trace.add(record)
        self._bytes += sys.getsizeof(record) + _SLOT
        self.span_count += 1
        self.received += 1

    def _drop_oldest(self) -> None:
        trace = self.traces.pop(self._order.popleft())
        self._bytes -= _TRACE
        for record in trace.records:
            self.records.release(record)
            self._bytes -= sys.getsizeof(record) + _SLOT
        self.span_count -= len(trace.records)

    def spans(self, trace_id: int) -> list[Span]:
        """A trace's spans, empty if there is no such trace; a span that was reported twice is there once."""
        trace = self.traces.get(trace_id)
        records = dict.fromkeys(trace.records) if trace else ()
        return [self.records.unpack(trace_id, record) for record in records]

    def services(self) -> list[str]:
        """Names of the services whose spans are kept."""
        return sorted({operation.service for operation in self.records.operations})

    def operations(self, service: str, kind: str = "") -> list[tuple[str, str]]:
        """(name, kind) of a service's operations; of one kind, or of all."""
        found = (o for o in self.records.operations if o.service == service and kind in ("", o.kind))
        return sorted((operation.name, operation.kind) for operation in found)

    def newest(self) -> Iterator[Trace]:
        """Traces by their start, the newest first."""
        return iter(sorted(self.traces.values(), key=_first, reverse=True))


def _first(trace: Trace) -> int:
    return trace.first
