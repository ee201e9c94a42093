"""What became of n requests, counted and timed; shown as a table in a notebook, as text elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from meshtutor.display import html, text
from meshtutor.display.colors import color_of
from meshtutor.traffic.flags import MEANING
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.tally import FALSE_ALARM, NONE, Share, ShareTest, Tally

PERCENTILES: Final = (50, 90, 99)


def percentile(sorted_values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of values in ascending order; NaN if there are none."""
    if not sorted_values:
        return math.nan
    return sorted_values[max(0, math.ceil(percent / 100 * len(sorted_values)) - 1)]


@dataclass(frozen=True)
class Report:
    """The outcomes of one `mesh.send` in the order of sending; `url` is what was asked, `sender` by whom."""

    url: str
    outcomes: tuple[Outcome, ...]
    sender: str = ""
    seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)

    @property
    def n(self) -> int:
        """How many requests were sent."""
        return len(self.outcomes)

    @property
    def ok(self) -> int:
        """How many were answered with a status below 400."""
        return sum(outcome.ok for outcome in self.outcomes)

    @property
    def success(self) -> Share:
        """The share of requests answered with a status below 400."""
        return Share(self.ok, self.n)

    def versions(self, service: str = "") -> Tally:
        """Requests by the version that answered, or that answered for a service called further down.

        A request that reached no version counts as `none`.
        """
        return self._tally("version", lambda outcome: outcome.version_of(service) or NONE)

    @property
    def by_status(self) -> Tally:
        """Requests by HTTP status; no answer at all counts as `error`."""
        return self._tally("status", lambda outcome: str(outcome.status) if outcome.status else "error")

    @property
    def by_pod(self) -> Tally:
        """Requests by the pod that answered."""
        return self._tally("pod", lambda outcome: outcome.pod or NONE)

    @property
    def by_service(self) -> Tally:
        """Requests by the service that answered."""
        return self._tally("service", lambda outcome: outcome.service or NONE)

    @property
    def flags(self) -> Mapping[str, int]:
        """Envoy's response flags, where the answer's text gives them away."""
        return dict(Counter(outcome.flag for outcome in self.outcomes if outcome.flag))

    @property
    def errors(self) -> Mapping[str, int]:
        """The texts of failures and how often each came, most frequent first."""
        texts = (outcome.error or f"HTTP {outcome.status}" for outcome in self.outcomes if not outcome.ok)
        return dict(Counter(texts).most_common())

    def share(self, version: str, service: str = "") -> Share:
        """The share of a version, with its 95 % interval."""
        return self.versions(service)[version]

    def test(
        self, expected: Mapping[str, float], service: str = "", false_alarm: float = FALSE_ALARM
    ) -> ShareTest:
        """Whether versions came as a target (`{"v1": 70, "v3": 30}`) promises; failures count against it."""
        return self.versions(service).test(expected, false_alarm)

    def latencies(self, version: str | None = None) -> list[float]:
        """The milliseconds of the answered requests in ascending order, of all versions or of one."""
        wanted = (o for o in self.outcomes if o.status and (version is None or o.version == version))
        return sorted(outcome.milliseconds for outcome in wanted)

    def latency(self, percent: float = 50) -> float:
        """A percentile of the latencies in milliseconds."""
        return percentile(self.latencies(), percent)

    def _tally(self, title: str, name: Callable[[Outcome], str]) -> Tally:
        return Tally(dict(Counter(name(outcome) for outcome in self.outcomes)), title)

    def _headline(self) -> str:
        rate = f", {self.n / self.seconds:,.0f}/s" if self.seconds and self.n > 1 else ""
        origin = f" from {self.sender}" if self.sender else ""
        sent = f"{text.count(self.n, 'request')} to {self.url}{origin}"
        return f"{sent}: {self.ok} OK in {self.seconds:.2f} s{rate}"

    def _latency_line(self) -> str:
        values = self.latencies()
        if not values:
            return "no answer, so no latencies"
        parts = (f"p{percent} {text.milliseconds(percentile(values, percent))}" for percent in PERCENTILES)
        return "latency " + " · ".join(parts)

    def _remarks(self) -> list[str]:
        marks = [f"{count}× {flag}: {MEANING[flag]}" for flag, count in self.flags.items()]
        known = {outcome.error for outcome in self.outcomes if outcome.flag}
        return marks + [
            f"{count}× {error}" for error, count in list(self.errors.items())[:5] if error not in known
        ]

    def __repr__(self) -> str:
        lines = [self._headline()]
        if self.n:
            rows = [
                (*key, count, f"{count / self.n:.1%}", text.bar(count / self.n)) for key, count in _rows(self)
            ]
            lines += [text.columns([("version", "status", "pod", "n", "share", ""), *rows], right=(3, 4))]
        lines += [f"  {line}" for line in (self._latency_line(), *self._remarks())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            (html.named(version, color_of(version)), status, pod, count, f"{count / self.n:.1%}", bar)
            for (version, status, pod), count in _rows(self)
            for bar in [html.bar(count / self.n, color_of(version if status.startswith("2") else "error"))]
        ]
        table = html.table(("version", "status", "pod", "n", "share", ""), rows, right=(3, 4)) if rows else ""
        notes = html.Html("".join(html.notice(remark, "warn") for remark in self._remarks()))
        return html.join(
            html.muted(self._headline()), html.Html(table), html.muted(self._latency_line()), notes
        )


def _rows(report: Report) -> list[tuple[tuple[str, str, str], int]]:
    """Counts by (version, status, pod), sorted by these."""
    keys = (
        (o.version or NONE, str(o.status) if o.status else "error", o.pod or NONE) for o in report.outcomes
    )
    return sorted(Counter(keys).items())
