"""Spans as a tree. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshtutor.telemetry.spans import Span


class Tree:
    """Roots, children and the order of a waterfall.

    A root's parent is not here: it is late, was not sampled, or an app did not carry the headers on. Should spans be
    each other's parents (a broken reporter), the first of them counts as a root.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self._by_id = {span.id: span for span in spans}
        self._by_parent: dict[str, list[Span]] = {}
        for span in spans:
            self._by_parent.setdefault(span.parent, []).append(span)
        self.roots = self._roots(spans)
        self._root_ids = {root.id for root in self.roots}

    def _roots(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        reached: set[str] = set()
        roots = []
        for span in (*(s for s in spans if s.parent not in self._by_id), *spans):
            if span.id not in reached:
                roots.append(span)
                reached |= {found.id for found in self._below(span, reached)}
        return tuple(sorted(roots, key=lambda root: root.offset))

    def _below(self, root: Span, but: set[str]) -> list[Span]:
        """The span and all that it caused."""
        found, seen = [root], {root.id}
        for span in found:
            fresh = [c for c in self._by_parent.get(span.id, ()) if c.id not in seen and c.id not in but]
            seen.update(child.id for child in fresh)
            found += fresh
        return found

    def parent(self, span: Span) -> Span | None:
        """The span that caused this one, None for a root."""
        return None if span.id in self._root_ids else self._by_id[span.parent]

    def children(self, span: Span) -> tuple[Span, ...]:
        """The spans that this one caused, by their start."""
        return tuple(child for child in self._by_parent.get(span.id, ()) if child.id not in self._root_ids)

    def walk(self) -> Iterator[tuple[int, Span]]:
        """(depth, span), each parent before its children."""
        waiting = [(0, root) for root in reversed(self.roots)]
        while waiting:
            depth, span = waiting.pop()
            yield depth, span
            waiting += [(depth + 1, child) for child in reversed(self.children(span))]
