"""The critical path of a trace: of every moment of a request, the one span that kept it from ending sooner. Pure.

Walk back from the root's end: whoever finished last before that moment was waited for; before its start the same
question is asked again. What ran beside it does not count: making that faster would change nothing. As in
jaeger-ui (TracePage, CriticalPath) and Uber's CRISP (Zhang et al., USENIX ATC 2022). Spans that follow from another one
were not waited for and are never on it; a child that outlasts its parent counts until the parent's end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from meshtutor.telemetry.spans import Span


@dataclass(frozen=True)
class Segment:
    """From `start` to `end` (ms from the start of the trace) the request waited for `span` itself."""

    span: Span
    start: float
    end: float

    @property
    def milliseconds(self) -> float:
        """How long."""
        return self.end - self.start


def critical_path(root: Span, children: Callable[[Span], Iterable[Span]]) -> tuple[Segment, ...]:
    """Segments that cover the root from its start to its end without gap or overlap, in the order of time."""
    segments: list[Segment] = []
    waiting = [(root, root.offset, root.end)]
    while waiting:
        span, start, end = waiting.pop()
        cursor = end
        for child, since, until in _awaited(children(span), start, end):
            if until < cursor:
                segments.append(Segment(span, until, cursor))
            waiting.append((child, since, until))
            cursor = since
        if start < cursor:
            segments.append(Segment(span, start, cursor))
    return tuple(sorted(segments, key=lambda segment: segment.start))


def _awaited(children: Iterable[Span], start: float, end: float) -> Sequence[tuple[Span, float, float]]:
    """The children one after another that kept their parent waiting, the last one first, cut to its time."""
    cut = [(child, max(child.offset, start), min(child.end, end)) for child in children if not child.follows]
    found: list[tuple[Span, float, float]] = []
    cursor = end
    for child, since, until in sorted(cut, key=lambda one: one[2], reverse=True):
        if since < until <= cursor:
            found.append((child, since, until))
            cursor = since
    return found
