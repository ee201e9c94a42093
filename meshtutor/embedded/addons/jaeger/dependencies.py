"""Who called whom, and how often: a span whose parent is another service's is a call (Jaeger's memory store)."""

from __future__ import annotations

from collections import Counter

from meshtutor.embedded.addons.jaeger.records import RELATIVES
from meshtutor.embedded.addons.jaeger.store import Store, Trace

Link = tuple[str, str]
"""(the caller, the called)"""


def dependencies(store: Store, start: int, end: int) -> Counter[Link]:
    """Calls in all traces of which a span started between `start` and `end` (µs)."""
    calls: Counter[tuple[int, int]] = Counter()
    for trace in store.traces.values():
        if trace.first < end and trace.last > start:
            _count(trace, calls)
    links: Counter[Link] = Counter()
    processes = store.records.processes
    for (parent, child), count in calls.items():
        caller, called = processes[parent].service, processes[child].service
        if caller != called:
            links[caller, called] += count
    return links


def _count(trace: Trace, calls: Counter[tuple[int, int]]) -> None:
    """Count calls between processes; those become services later, once for each pair."""
    read = [RELATIVES.unpack_from(record) for record in dict.fromkeys(trace.records)]
    process_of = {span_id: process for process, span_id, _ in read}
    for process, _, parent in read:
        if parent in process_of and process_of[parent] != process:
            calls[process_of[parent], process] += 1
