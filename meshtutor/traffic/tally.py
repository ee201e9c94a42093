"""How many of what: a tally of versions (or pods, or statuses), its shares, and a test against a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshtutor.display import html, text
from meshtutor.traffic.statistics import binomial_test, requests_needed, wilson_interval

FALSE_ALARM: Final = 0.001
NONE: Final = "none"


@dataclass(frozen=True)
class Share:
    """`count` of `n`, and the interval (0..1) that the true share lies in with 95 % confidence."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """The observed share, 0..1; 0 when nothing was counted."""
        return self.count / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval, 0..1."""
        return wilson_interval(self.count, self.n)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        low, high = self.interval
        return f"{self.value:.1%} (95 % interval {low:.1%} to {high:.1%}; {self.count} of {self.n})"


@dataclass(frozen=True)
class ShareTest:
    """Whether a tally is what a target promises; true in a condition if it is.

    `p_values` are exact binomial ones, one per name. The test alarms when one of them is below `false_alarm`
    divided by their number (Bonferroni), so a correct mesh fails in at most `false_alarm` of all runs.
    """

    ok: bool
    counts: Mapping[str, int]
    expected: Mapping[str, float]
    p_values: Mapping[str, float]
    false_alarm: float = FALSE_ALARM

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        n = sum(self.counts.values())
        target = ", ".join(f"{name} {share:.0%}" for name, share in self.expected.items())
        if not n:
            return f"Nothing to judge: no request was counted. Expected: {target}."
        rate = f"a correct mesh fails this test in at most {self.false_alarm:.1%} of runs"
        if self.ok:
            return f"As expected: {target} ({text.count(n, 'request')}; {rate})."
        return f"Not as expected: {self._worst(n)} ({text.count(n, 'request')}; {rate})."

    def _worst(self, n: int) -> str:
        name = min(self.p_values, key=lambda name: self.p_values[name])
        seen, wanted = self.counts.get(name, 0) / n, self.expected.get(name, 0.0)
        return f"{name} got {seen:.1%}, expected {wanted:.0%} (p = {self.p_values[name]:.2g})"

    def _repr_html_(self) -> str:
        return html.notice(f"{'✓' if self.ok else '✗'} {self!r}", "good" if self.ok else "bad")


@dataclass(frozen=True)
class Tally:
    """Counts by name; iterating gives the names, sorted."""

    counts: Mapping[str, int] = field(default_factory=dict)
    title: str = "version"

    @property
    def n(self) -> int:
        """How many were counted."""
        return sum(self.counts.values())

    def __getitem__(self, name: str) -> Share:
        return Share(self.counts.get(name, 0), self.n)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.counts))

    def __len__(self) -> int:
        return len(self.counts)

    def test(self, expected: Mapping[str, float], false_alarm: float = FALSE_ALARM) -> ShareTest:
        """Compare with a target such as `{"v1": 70, "v3": 30}`; a name that is not in it is expected never.

        Weights may sum to anything; ValueError if they sum to nothing.
        """
        total = sum(expected.values())
        if total <= 0:
            raise ValueError("the expected weights must sum to more than 0")
        shares = {name: weight / total for name, weight in expected.items()}
        names = sorted({*shares, *self.counts})
        p_values = {
            name: binomial_test(self.counts.get(name, 0), self.n, shares.get(name, 0.0)) for name in names
        }
        # two names are one question (the second count follows from the first), so they need no correction
        questions = max(1, len(names) - 1) if len(names) <= 2 else len(names)
        ok = self.n > 0 and all(p >= false_alarm / questions for p in p_values.values())
        return ShareTest(ok, dict(self.counts), shares, p_values, false_alarm)

    def still_needed(self, share: float, other: float) -> int:
        """How many more requests would tell one share from another (both 0..1), each kind of error at 1 %."""
        return max(0, requests_needed(share, other) - self.n)

    def __repr__(self) -> str:
        if not self.n:
            return f"no requests by {self.title}"
        rows = [
            (n, self.counts[n], f"{self[n].value:.1%}", _range(self[n]), text.bar(self[n].value))
            for n in self
        ]
        return text.columns(rows, right=(1, 2), indent="")

    def _repr_html_(self) -> str:
        from meshtutor.display.colors import color_of

        rows = [
            (
                html.named(n, color_of(n)),
                f"{s.count}",
                f"{s.value:.1%}",
                _range(s),
                html.bar(s.value, color_of(n)),
            )
            for n, s in ((name, self[name]) for name in self)
        ]
        return html.table((self.title, "requests", "share", "95 % interval", ""), rows, right=(1, 2))


def _range(share: Share) -> str:
    low, high = share.interval
    return f"{low:.1%} to {high:.1%}"
