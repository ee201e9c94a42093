"""What a check answers: not attempted, not yet (and why), or correct. Values, not exceptions.

An exercise that nobody has touched is a state like any other, so that "Restart and run all" stays green.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from meshtutor.display import html


@dataclass(frozen=True)
class Finding:
    """One question put to the traffic: what was expected, and what came."""

    about: str
    ok: bool
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.about}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True)
class Verdict:
    """The answer to one attempt; true in a condition only if it is correct.

    `reason` is a sentence, `findings` are the measurements behind it, `tips` are slips that were seen in the
    learner's objects.
    """

    exercise: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    tips: tuple[str, ...] = ()

    state: ClassVar[str] = ""
    sign: ClassVar[str] = ""
    tone: ClassVar[html.Tone] = "plain"

    def __bool__(self) -> bool:
        return False

    @property
    def headline(self) -> str:
        """The state and its reason in one sentence."""
        return f"{self.exercise} {self.state}{self.reason}"

    def __repr__(self) -> str:
        lines = [f"{self.sign} {self.headline}", *(f"  → {tip}" for tip in self.tips)]
        lines += [f"  {_mark(finding)} {finding}" for finding in self.findings]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tips = (html.notice(f"→ {tip}", "warn") for tip in self.tips)
        return html.join(html.notice(f"{self.sign} {self.headline}", self.tone), *tips, _table(self.findings))


@dataclass(frozen=True, repr=False)
class NotAttempted(Verdict):
    """Nothing of the learner's is there to be judged."""

    state = "Not attempted. "
    sign = "○"


@dataclass(frozen=True, repr=False)
class NotYet(Verdict):
    """The traffic does not do yet what was asked."""

    state = "Not yet, because "
    sign = "✗"
    tone = "bad"


@dataclass(frozen=True, repr=False)
class Correct(Verdict):
    """The traffic does what was asked, and only because of the learner's objects."""

    state = "Correct. "
    sign = "✓"
    tone = "good"

    def __bool__(self) -> bool:
        return True


def _mark(finding: Finding) -> str:
    return "✓" if finding.ok else "✗"


def _table(findings: tuple[Finding, ...]) -> html.Html:
    if not findings:
        return html.Html("")
    rows = [(_mark(f), f.about, f.expected, f.got) for f in findings]
    return html.table(("", "measured", "expected", "got"), rows)
