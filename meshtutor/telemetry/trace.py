"""A trace: what one request caused in the whole mesh, as a tree of spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meshtutor.telemetry import waterfall
from meshtutor.telemetry.critical_path import Segment, critical_path
from meshtutor.telemetry.spans import Span, read_spans
from meshtutor.telemetry.tree import Tree


@dataclass(frozen=True)
class Trace:
    """`spans` by their start, at least one; `start` in seconds since the epoch. Prints itself as a waterfall."""

    id: str
    start: float
    spans: tuple[Span, ...]

    @classmethod
    def read(cls, json: Mapping[str, Any]) -> Trace:
        """A trace in the JSON of Jaeger's query API."""
        return cls(str(json["traceID"]), *read_spans(json))

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self.spans)

    @property
    def roots(self) -> tuple[Span, ...]:
        """Spans without a parent here. More than one: some are late, or an app did not carry the headers on."""
        return self._tree.roots

    @property
    def root(self) -> Span:
        """The span that began the trace."""
        return self.roots[0]

    def parent(self, span: Span) -> Span | None:
        """The span that caused this one, None for a root."""
        return self._tree.parent(span)

    def children(self, span: Span) -> tuple[Span, ...]:
        """The spans that this one caused, by their start."""
        return self._tree.children(span)

    def walk(self) -> Iterator[tuple[int, Span]]:
        """(depth, span), each parent before its children: the order of a waterfall."""
        return self._tree.walk()

    @property
    def milliseconds(self) -> float:
        """From the first span's start to the last one's end."""
        return max(span.end for span in self.spans)

    @property
    def services(self) -> tuple[str, ...]:
        """The services in it, in the order in which they appear."""
        return tuple(dict.fromkeys(span.service for _, span in self.walk()))

    @property
    def errors(self) -> tuple[Span, ...]:
        """The spans that failed."""
        return tuple(span for span in self.spans if span.is_error)

    @property
    def faults(self) -> tuple[Span, ...]:
        """The spans into which a rule injected a fault."""
        return tuple(span for span in self.spans if span.fault)

    @cached_property
    def retries(self) -> tuple[Span, ...]:
        """The spans that are second and later attempts."""
        return tuple(span for span in self.spans if self.attempt(span) > 1)

    def attempt(self, span: Span) -> int:
        """1 for a first attempt; 2 and more for retries.

        A proxy sends one request for one that it got, unless it retries; so a server's span below a client's is a
        retry when another one there had failed to answer before it began (it ended, or the client hung up: flag DC).
        Mirrored requests run beside the original. An attempt that reached no sidecar has no span.
        """
        parent = self.parent(span)
        if parent is None or parent.kind != "client" or span.kind != "server":
            return 1
        earlier = [s for s in self.children(parent) if s.kind == "server" and s.offset < span.offset]
        return 1 + sum(other.end <= span.offset or "DC" in other.flags for other in earlier)

    @cached_property
    def critical_path(self) -> tuple[Segment, ...]:
        """Who the request waited for, moment by moment, from the root's start to its end."""
        return critical_path(self.root, self.children)

    def waited_for(self, by: str = "service") -> dict[str, float]:
        """Milliseconds of the critical path by `service`, `name`, `pod`, `version` or `operation`, most first."""
        sums: dict[str, float] = {}
        for segment in self.critical_path:
            key = str(getattr(segment.span, by))
            sums[key] = sums.get(key, 0.0) + segment.milliseconds
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def marks(self, span: Span) -> tuple[str, ...]:
        """What is remarkable about a span, in words: `503`, `UF`, `retry 1`, `delayed by a rule`."""
        failed = str(span.status) if span.status >= 400 else "error" if span.is_error else ""
        flags = [flag for flag in span.flags if flag not in ("FI", "DI")]
        attempt = self.attempt(span)
        retry = f"retry {attempt - 1}" if attempt > 1 else ""
        fault = f"{span.fault} by a rule" if span.fault else ""
        return tuple(word for word in (failed, *flags, retry, fault) if word)

    def __repr__(self) -> str:
        return waterfall.as_text(self)

    def _repr_html_(self) -> str:
        return waterfall.as_html(self)
