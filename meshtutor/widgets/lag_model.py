"""The model of a scrape lag: a window and a phase in, what each scrape interval shows out. It knows no widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from traitlets import Bool, HasTraits, Int, TraitError, Tuple, Unicode, validate

from meshtutor.charts import scraping as drawing
from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.counters import seconds_of
from meshtutor.telemetry.scraping import History, Seen, seen, truth

INTERVALS: Final = (1.0, 15.0, 60.0)
WINDOWS: Final = ("5s", "30s", "1m", "2m", "5m")
Read = Callable[[], History]


class LagModel(HasTraits):  # type: ignore[misc]  # traitlets' HasTraits has no types
    """The same samples through several scrape intervals.

    `window` is rate()'s (as `30s`), `phase` when the slow scrapes come (seconds, 0 to 59), `live` whether the learner's
    own Prometheus is asked instead of the recording. `seen` is what each interval shows, `happened` the truth.
    """

    window = Unicode("1m")
    phase = Int(0, min=0, max=59)
    live = Bool(False)
    seen = Tuple()
    happened = Tuple()
    message = Unicode()

    def __init__(self, recorded: Read, now: Read, major: int) -> None:
        super().__init__()
        self._recorded, self._now, self._major = recorded, now, major
        self.history = recorded()
        self.observe(lambda _: self.compute(), ["window", "phase"])
        self.observe(lambda _: self.refresh(), "live")
        self.compute()

    @property
    def promql(self) -> str:
        """The query whose answers are shown."""
        return f"sum(rate({self.history.selector}[{self.window}]))"

    def refresh(self) -> None:
        """Read the samples again; a recording does not change."""
        self.history = self._now() if self.live else self._recorded()
        self.compute()

    def compute(self) -> None:
        """Look at the samples through every interval that they allow."""
        finest, seconds = self.history.interval, seconds_of(self.window)
        shown = tuple(
            seen(self.history, interval, seconds, float(self.phase % interval), self._major)
            for interval in INTERVALS
            if interval > finest * 0.8
        )
        self.message = self._remark(finest)
        with self.hold_trait_notifications():
            self.happened = tuple(truth(self.history, max(1.0, round(finest)))) if shown else ()
            self.seen = shown

    def through(self, interval: float) -> Seen:
        """What one interval shows; MeshtutorError names those that can be had."""
        found: tuple[Seen, ...] = self.seen
        for one in found:
            if one.interval == interval:
                return one
        known = ", ".join(f"{one.interval:g}" for one in found) or "none"
        raise MeshtutorError(f"There is nothing seen every {interval:g} s.", f"There is: {known}")

    def words(self) -> str:
        """What the chart shows, as text."""
        return drawing.words(self.happened, self.seen) if self.seen else self.message

    @validate("window")  # type: ignore[untyped-decorator]
    def _known_window(self, proposal: Any) -> str:
        try:
            seconds_of(proposal["value"])
        except ValueError as error:
            raise TraitError(str(error)) from error
        return str(proposal["value"])

    def _remark(self, finest: float) -> str:
        if finest == float("inf"):
            return (
                "Fewer than two scrapes have counted anything yet: send requests, and wait for two scrapes."
            )
        if finest > INTERVALS[0] * 1.2:
            return f"Your Prometheus scrapes every {finest:.0f} s: what shorter intervals would show, nobody knows."
        return ""
