"""How a report is judged: shares by a test with a stated rate of false alarms, everything else by exact counts.

Each judge returns whether the report is as it should be, what was expected and what came, in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from meshtutor.display import text
from meshtutor.traffic.report import Report
from meshtutor.traffic.tally import NONE, Tally

Judgement = tuple[bool, str, str]


class Judge(Protocol):
    """Says whether a report is as it should be.

    `by_chance` if a right answer may fail it now and then; `by_clock` if a machine that is busy for a moment may make
    it do so.
    """

    by_chance: ClassVar[bool] = False
    by_clock: ClassVar[bool] = False

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """(whether it is, what was expected, what came)."""
        ...


@dataclass(frozen=True)
class Shares(Judge):
    """Versions (or statuses) come in these proportions."""

    weights: Mapping[str, float]
    by: str = "version"
    by_chance: ClassVar[bool] = True

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; an exact binomial test per name."""
        counted = tally(report, self.by)
        total = sum(self.weights.values())
        wanted = ", ".join(f"{name}: {weight / total:.0%}" for name, weight in sorted(self.weights.items()))
        return counted.test(self.weights, false_alarm).ok, wanted, shares(counted)


@dataclass(frozen=True)
class Places(Judge):
    """Answers come from places in these proportions; `where` says in which place the pods of each version are."""

    weights: Mapping[str, float]
    where: Mapping[str, str]
    by_chance: ClassVar[bool] = True

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; an exact binomial test, and every request has to be answered."""
        found = Counter(self.where.get(o.version, NONE) if o.ok else "failed" for o in report)
        counted = Tally(dict(found), "place")
        total = sum(self.weights.values())
        wanted = ", ".join(f"{name}: {weight / total:.0%}" for name, weight in sorted(self.weights.items()))
        return counted.test(self.weights, false_alarm).ok, wanted, shares(counted)


@dataclass(frozen=True)
class Every(Judge):
    """Each single request is answered by this version (or with this status)."""

    name: str
    by: str = "version"

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; one stray request is one too many."""
        del false_alarm
        counted = tally(report, self.by)
        ok = bool(report.n) and counted.counts.get(self.name, 0) == report.n
        return ok, f"{self.name} for all {report.n}", shares(counted)


@dataclass(frozen=True)
class Exactly(Judge):
    """So many requests are answered with 200, and all others refused by a circuit breaker (flag UO)."""

    ok: int

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; arithmetic, not chance."""
        del false_alarm
        refused = report.flags.get("UO", 0)
        right = report.ok == self.ok and refused == report.n - self.ok
        return right, f"{self.ok} OK, {report.n - self.ok} refused", f"{report.ok} OK, {refused} refused (UO)"


@dataclass(frozen=True)
class Mostly(Judge):
    """Nearly all requests are answered with this status: where dice are left, one of a hundred may go wrong."""

    name: str
    share: float = 0.97
    by: str = "status"

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`."""
        del false_alarm
        counted = tally(report, self.by)
        ok = report.n > 0 and counted.counts.get(self.name, 0) >= self.share * report.n
        return ok, f"{self.name} for at least {self.share:.0%} of {report.n}", shares(counted)


@dataclass(frozen=True)
class Delayed(Judge):
    """Each request waits about so many seconds; a slow machine may add to it.

    Envoy's timers count from the beginning of its event loop's turn, so a busy Envoy ends them some ms early.
    """

    seconds: float
    by_clock: ClassVar[bool] = True

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; none may be a tenth quicker, and the median may be at most twice as slow."""
        del false_alarm
        asked, values = self.seconds * 1000, report.latencies()
        late = sum(value >= 0.9 * asked for value in values)
        ok = late == report.n > 0 and report.latency() <= 2 * asked
        got = f"{late} of {report.n} that late, median {text.milliseconds(report.latency())}"
        return ok, f"each to take {self.seconds:g} s", got


@dataclass(frozen=True)
class Prompt(Judge):
    """Requests are answered with 200, at least half of them within so many seconds."""

    seconds: float
    by_clock: ClassVar[bool] = True

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; the median, because a busy machine is slow now and then."""
        del false_alarm
        median = report.latency()
        ok = report.ok == report.n > 0 and median < self.seconds * 1000
        got = f"{report.ok} of {report.n} OK, median {text.milliseconds(median)}"
        return ok, f"all OK, half of them within {self.seconds:g} s", got


@dataclass(frozen=True)
class Within(Judge):
    """All requests are answered with 200, nearly all within so many seconds: a busy machine is slow now and then."""

    seconds: float
    share: float = 0.9
    by_clock: ClassVar[bool] = True

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; `share` of them have to be quick."""
        del false_alarm
        quick = sum(value <= self.seconds * 1000 for value in report.latencies())
        ok = report.ok == report.n > 0 and quick >= self.share * report.n
        slowest = text.milliseconds(report.latency(100))
        got = f"{report.ok} of {report.n} OK, {quick} of them in time, the slowest {slowest}"
        return ok, f"all OK, {self.share:.0%} of them within {self.seconds:g} s", got


@dataclass(frozen=True)
class OnePod(Judge):
    """All requests are answered by one and the same pod, whichever it is."""

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; one stray request is one too many."""
        del false_alarm
        ok = report.ok == report.n > 0 and len(report.by_pod) == 1
        return ok, "one pod for all of them", shares(report.by_pod)


@dataclass(frozen=True)
class Pods(Judge):
    """So many pods answer, at least; for so many requests that none is missed by chance."""

    least: int

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`; of 60 requests one of three pods gets none once in 10**7, if each has at least a quarter."""
        del false_alarm
        ok = report.ok == report.n > 0 and len(report.by_pod) >= self.least
        return ok, f"{self.least} pods that answer", shares(report.by_pod)


@dataclass(frozen=True)
class Sparing(Judge):
    """A version gets some of the requests, but at most this share; all are answered."""

    version: str
    most: float

    def __call__(self, report: Report, false_alarm: float) -> Judgement:
        """See `Judge`."""
        del false_alarm
        counted = report.versions()
        ok = report.ok == report.n and 0 < counted.counts.get(self.version, 0) <= self.most * report.n
        return ok, f"{self.version} for some of {report.n}, and at most {self.most:.0%}", shares(counted)


def tally(report: Report, by: str) -> Tally:
    """The report's counts by version or by status."""
    return report.versions() if by == "version" else report.by_status


def shares(counted: Tally) -> str:
    """`v1: 90.5%, v2: 9.5% of 400`."""
    parts = ", ".join(f"{name}: {counted[name].value:.1%}" for name in counted)
    return f"{parts} of {counted.n}"
