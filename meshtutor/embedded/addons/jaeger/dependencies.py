"""Who called whom, and how often: a span whose parent is another service's is a call (Jaeger's memory store).

Each trace is looked at once, unless spans come later: its calls are kept with it. Most traces are of a few shapes, so
equal ones are one tuple, and counting shapes is counting calls.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

from meshtutor.embedded.addons.jaeger.records import RELATIVES
from meshtutor.embedded.addons.jaeger.store import Calls, Store, Trace

Link = tuple[str, str]
"""(the caller, the called)"""
_SHAPES_REMEMBERED: Final = 1024


def dependencies(store: Store, start: int, end: int) -> Counter[Link]:
    """Calls in all traces of which a span started between `start` and `end` (µs)."""
    shapes = Counter(
        _calls(trace) for trace in store.traces.values() if trace.first < end and trace.last > start
    )
    links: Counter[Link] = Counter()
    processes = store.records.processes
    for calls, count in shapes.items():
        for parent, child in calls:
            caller, called = processes[parent].service, processes[child].service
            if caller != called:
                links[caller, called] += count
    return links


def _calls(trace: Trace) -> Calls:
    """Calls between processes; numbers of processes stay theirs as long as the trace is kept."""
    if trace.calls is None:
        read = [RELATIVES.unpack_from(record) for record in dict.fromkeys(trace.records)]
        process_of = {span_id: process for process, span_id, _ in read}
        pairs = [(process_of.get(parent, process), process) for process, _, parent in read]
        trace.calls = _shared(tuple(sorted(pair for pair in pairs if pair[0] != pair[1])))
    return trace.calls


@lru_cache(_SHAPES_REMEMBERED)
def _shared(calls: Calls) -> Calls:
    return calls
