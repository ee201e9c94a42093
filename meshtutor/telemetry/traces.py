"""Several traces: what a search found, to look through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meshtutor.display import html, text
from meshtutor.display.colors import color_of
from meshtutor.errors import QueryError
from meshtutor.telemetry.trace import Trace

_ROWS_SHOWN: Final = 20
_SHORT_ID: Final = 8
_COLUMNS: Final = ("#", "trace", "at", "began with", "took", "spans", "services", "")


@dataclass(frozen=True)
class Traces:
    """Traces, the newest first; `asked` says what was asked for. Iterates over them."""

    asked: str
    traces: tuple[Trace, ...] = ()

    def __len__(self) -> int:
        return len(self.traces)

    def __iter__(self) -> Iterator[Trace]:
        return iter(self.traces)

    def __getitem__(self, index: int) -> Trace:
        return self.traces[index]

    @property
    def slowest(self) -> Trace:
        """The trace that took longest; QueryError if there is none."""
        return self._one(max)

    @property
    def fastest(self) -> Trace:
        """The trace that took least; QueryError if there is none."""
        return self._one(min)

    def _one(self, choose: Callable[..., Trace]) -> Trace:
        if not self.traces:
            raise QueryError(f"There are no traces: {self.asked}.", NOTHING)
        return choose(self.traces, key=_milliseconds)

    def by_duration(self) -> Traces:
        """The same, the slowest first."""
        return self._kept(sorted(self.traces, key=_milliseconds, reverse=True), "slowest first")

    def slower_than(self, milliseconds: float) -> Traces:
        """Those that took longer."""
        return self._kept(
            (t for t in self if t.milliseconds > milliseconds), f"slower than {milliseconds:g} ms"
        )

    def failed(self) -> Traces:
        """Those with a span that failed."""
        return self._kept((trace for trace in self if trace.errors), "with an error")

    def retried(self) -> Traces:
        """Those in which a proxy tried again."""
        return self._kept((trace for trace in self if trace.retries), "with a retry")

    def faulted(self) -> Traces:
        """Those into which a rule injected a fault."""
        return self._kept((trace for trace in self if trace.faults), "with a fault")

    def through(self, service: str, version: str = "") -> Traces:
        """Those that touched a service (`reviews` or `reviews.default`), or one version of it."""
        return self._kept(
            (
                trace
                for trace in self
                if any(service in (s.name, s.service) and version in ("", s.version) for s in trace.spans)
            ),
            f"through {service} {version}".strip(),
        )

    def _kept(self, traces: Iterable[Trace], words: str) -> Traces:
        return Traces(f"{self.asked}, {words}", tuple(traces))

    def _rows(self) -> Iterator[list[object]]:
        for index, trace in enumerate(self.traces[:_ROWS_SHOWN]):
            began = datetime.fromtimestamp(trace.start).astimezone().strftime("%H:%M:%S.%f")[:-3]
            marks = dict.fromkeys(mark for span in trace.spans for mark in trace.marks(span))
            yield [
                index,
                trace.id[:_SHORT_ID],
                began,
                f"{trace.root.name} {trace.root.request}",
                text.milliseconds(trace.milliseconds),
                len(trace.spans),
                ", ".join(dict.fromkeys(span.name for _, span in trace.walk())),
                " ".join(marks),
            ]

    @property
    def _rest(self) -> str:
        return f"... and {len(self) - _ROWS_SHOWN} more" if len(self) > _ROWS_SHOWN else ""

    def __repr__(self) -> str:
        if not self.traces:
            return f"{self.asked}: no traces (yet)\n  {NOTHING}"
        drawn = text.columns([_COLUMNS, *self._rows()], right=(0, 4, 5))
        return f"{self.asked}: {text.count(len(self), 'trace')}\n{drawn}" + (
            f"\n  {self._rest}" if self._rest else ""
        )

    def _repr_html_(self) -> str:
        if not self.traces:
            return html.notice(f"{self.asked}: no traces (yet). {NOTHING}", "warn")
        longest = max(map(_milliseconds, self.traces)) or 1.0
        rows = [
            [*row[:5], html.bar(trace.milliseconds / longest, color_of(trace.root.name)), *row[5:]]
            for row, trace in zip(self._rows(), self.traces, strict=False)
        ]
        columns = (*_COLUMNS[:5], "", *_COLUMNS[5:])
        return html.join(html.table(columns, rows, right=(0, 4, 6)), html.muted(self._rest))


NOTHING: Final = (
    "Proxies report within a second; only sampled requests are traced: "
    "1 % of them, unless a Telemetry object or the client says more."
)


def _milliseconds(trace: Trace) -> float:
    return trace.milliseconds
