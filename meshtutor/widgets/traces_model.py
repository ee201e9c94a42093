"""What a search for traces asks and what it found, and the one trace that is looked at."""

from __future__ import annotations

from typing import Any, Final

from traitlets import Bool, Float, HasTraits, Instance, Int, Tuple, Unicode, validate

from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.jaeger import Jaeger
from meshtutor.telemetry.trace import Trace
from meshtutor.telemetry.traces import Traces

GATEWAY: Final = "istio-ingressgateway.istio-system"
LIMIT: Final = 200


class TracesModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """The form is `service` (as `reviews.default`), `operation` ("": any), `slower_than` in ms and `failed`.

    `search` asks for traces of the last `seconds`; `found` holds them, `trace` is the one that `chosen` (an id) names.
    `services` and `operations` are what there is to choose from; `error` says why nothing new was found.
    """

    service = Unicode()
    operation = Unicode()
    slower_than = Float(0.0)
    failed = Bool(False)
    seconds = Float(900.0)
    services = Tuple()
    operations = Tuple()
    found = Instance(Traces)
    chosen = Unicode()
    trace = Instance(Trace, allow_none=True)
    error = Unicode()
    searched = Int()

    def __init__(self, jaeger: Jaeger, service: str = "", seconds: float = 900.0) -> None:
        self._jaeger = jaeger
        super().__init__(service=service, seconds=seconds, found=Traces("traces"))

    def search(self) -> bool:
        """Ask the trace store; False if it does not answer, then `error` says why."""
        try:
            self._look_around()
            found = self._ask() if self.service else Traces("traces of any service")
        except MeshtutorError as error:
            self.error = error.message
            return False
        self.error, self.found = "", found
        if self.chosen not in {trace.id for trace in found}:
            self.open(found.slowest.id if found.traces else "")
        self.searched += 1
        return True

    def open(self, trace_id: str) -> None:
        """Look at one trace of those that were found ("": at none)."""
        self.trace = next((trace for trace in self.found if trace.id == trace_id), None)
        self.chosen = self.trace.id if self.trace else ""

    def _look_around(self) -> None:
        """What has reported so far; without a choice the gateway is the best place to begin."""
        self.services = tuple(self._jaeger.services())
        if not self.service and self.services:
            self.service = GATEWAY if GATEWAY in self.services else self.services[0]
        self.operations = (
            tuple(self._jaeger.operations(self.service)) if self.service in self.services else ()
        )
        if self.operation not in self.operations:
            self.operation = ""

    def _ask(self) -> Traces:
        return self._jaeger.search(
            self.service,
            operation=self.operation,
            tags={"error": "true"} if self.failed else None,
            slower_than=self.slower_than,
            seconds=self.seconds,
            limit=LIMIT,
        )

    @validate("slower_than", "seconds")  # type: ignore[untyped-decorator]
    def _check(self, proposal: Any) -> float:
        if proposal["value"] < 0:
            what = f"{proposal['trait'].name} = {proposal['value']:g}"
            raise MeshtutorError(f"{what}: there is no time below zero.", "Expected: zero or more")
        return float(proposal["value"])
