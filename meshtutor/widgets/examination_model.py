"""The model of an examination: a request in, and what three instruments say of it.

It knows no widget and no HTTP. An instrument that cannot answer says why, and the others answer all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from traitlets import Bool, HasTraits, Tuple, Unicode

from meshtutor.errors import MeshtutorError

REQUESTS: Final = 40
USER: Final = "end-user"


@dataclass(frozen=True)
class Patient:
    """A request to look at: `target` as for `Mesh.send`, `user` as header end-user, `sender` as `from_pod`."""

    target: str = "reviews"
    user: str = ""
    sender: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers it carries."""
        return {USER: self.user} if self.user else {}


@dataclass(frozen=True)
class Answer:
    """What an instrument said: `shown` has its own representations; `error` where it could not say anything."""

    instrument: str
    asked: str
    shown: Any = None
    error: str = ""


@dataclass(frozen=True)
class Instrument:
    """One way to look at a request; `asks` is its question."""

    name: str
    asks: str
    look: Callable[[Patient], Any]

    def answer(self, patient: Patient) -> Answer:
        """What it says; a MeshtutorError becomes a sentence."""
        try:
            return Answer(self.name, self.asks, self.look(patient))
        except MeshtutorError as error:
            return Answer(self.name, self.asks, error=str(error))


class ExaminationModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """`patient()` is the request that the fields describe; `answers` are those of the last `examine()`."""

    target = Unicode("reviews")
    user = Unicode("")
    sender = Unicode("")
    busy = Bool(False)
    answers = Tuple()

    def __init__(self, instruments: tuple[Instrument, ...]) -> None:
        super().__init__()
        self.instruments = instruments

    def patient(self) -> Patient:
        """The request."""
        return Patient(self.target.strip() or "reviews", self.user.strip(), self.sender.strip())

    def describe(self, values: Mapping[str, str]) -> None:
        """Set several fields, and tell those who observe them when all are set."""
        with self.hold_trait_notifications():
            for name, value in values.items():
                setattr(self, name, value)

    def examine(self) -> tuple[Answer, ...]:
        """Ask every instrument; returns when all have answered."""
        self.busy = True
        try:
            patient = self.patient()
            self.answers = tuple(instrument.answer(patient) for instrument in self.instruments)
        finally:
            self.busy = False
        return self.answers  # type: ignore[no-any-return]
