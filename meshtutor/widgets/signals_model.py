"""What a dashboard shows: the signals of the chosen service over the chosen time, and when rules were changed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from traitlets import Float, HasTraits, Instance, Int, Tuple, Unicode, validate

from meshtutor.errors import MeshtutorError
from meshtutor.kube import objects
from meshtutor.kube.kinds import SERVICE
from meshtutor.mesh import Mesh, noticing
from meshtutor.telemetry.signals import Board

RANGES: Final = {"1 min": 60.0, "5 min": 300.0, "15 min": 900.0, "1 h": 3600.0}


class SignalsModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """`service` is "" for all of them, `seconds` how far back; `board` and `done` are what was found.

    `refresh` asks Prometheus, and the Kubernetes API for what was changed, whoever did it; `look_around` asks for
    Services. `drawn` counts boards, `error` says why there is no new one.
    """

    service = Unicode()
    seconds = Float(60.0)
    board = Instance(Board)
    done = Tuple()
    services = Tuple()
    error = Unicode()
    drawn = Int()

    def __init__(self, mesh: Mesh, service: str = "", seconds: float = 60.0) -> None:
        self._mesh = mesh
        self._looked = False
        super().__init__(board=Board((), None, 0.0, seconds), service=service, seconds=seconds)

    def refresh(self) -> bool:
        """Ask Prometheus; False if it does not answer, then `error` says why."""
        if not self._looked:
            self.look_around()
        self._notice()
        service, seconds = self.service, self.seconds
        try:
            found = self._mesh.signals(service, seconds)
        except MeshtutorError as error:
            self.error = error.message
            return False
        self.error, self.board = "", found
        self.done = self._mesh.happenings.told()
        self.drawn += 1
        return True

    def look_around(self) -> None:
        """Ask for Services; what does not answer stays as it was."""
        self._looked = True
        try:
            api, namespace = self._mesh.api, self._mesh.namespace
            names = {objects.name(service) for service in api.list(SERVICE, namespace)}
        except MeshtutorError as error:
            self.error = error.message
        else:
            self.services = tuple(sorted(names - {"kubernetes"}))

    def _notice(self) -> None:
        with suppress(
            MeshtutorError
        ):  # the marks stay as they were, and Prometheus' answer says what is wrong
            self._mesh.happenings.notice(noticing.look(self._mesh.api, self._mesh.namespace))

    @validate("seconds")  # type: ignore[untyped-decorator]
    def _check(self, proposal: Any) -> float:
        if proposal["value"] <= 0:
            raise MeshtutorError(
                f"{proposal['value']:g} s is no time to look back.", "Expected: seconds above zero"
            )
        return float(proposal["value"])
