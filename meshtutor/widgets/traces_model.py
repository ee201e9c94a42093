"""What a search for traces asks and what it found, and the one trace that is looked at."""

from __future__ import annotations

import re
from typing import Any, Final

from traitlets import Bool, Float, HasTraits, Instance, Int, Tuple, Unicode, validate

from meshtutor.errors import MeshtutorError
from meshtutor.telemetry import logfmt
from meshtutor.telemetry.jaeger import Jaeger
from meshtutor.telemetry.trace import Trace
from meshtutor.telemetry.traces import Traces

LIMIT: Final = 200
RANGES: Final = {"minute": 60.0, "5 minutes": 300.0, "15 minutes": 900.0, "hour": 3600.0, "6 hours": 21600.0,
                 "2 days": 172_800.0}  # fmt: skip
_ID: Final = re.compile(r"(?:[0-9a-f]{2}-)?([0-9a-f]{1,32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?", re.IGNORECASE)


class TracesModel(HasTraits):  # type: ignore[misc]  # traitlets has no types
    """What is asked, what was found, and the one that is looked at.

    The form is `service` (as `reviews.default`), `operation` ("": any), `slower_than` and `faster_than` in ms (0: no
    bound), `failed`, and `tags` as `http.status_code=503 key=value` (telemetry/logfmt.py). `search` asks for traces of
    the last `seconds`, `find` for one by its id; `found` holds them, the newest `LIMIT` if there is `more`; `trace` is
    the one that `chosen` (an id) names. `services` and `operations` are what there is to choose from; `error` says why
    nothing new was found.
    """

    service = Unicode()
    operation = Unicode()
    slower_than = Float(0.0)
    faster_than = Float(0.0)
    tags = Unicode()
    failed = Bool(False)
    seconds = Float(900.0)
    services = Tuple()
    operations = Tuple()
    found = Instance(Traces)
    more = Bool(False)
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
        self.error, self.more = "", len(found) > LIMIT
        self.found = Traces(found.asked, found.traces[:LIMIT])
        if self.chosen not in {trace.id for trace in self.found}:
            self.open(self.found.slowest.id if self.found.traces else "")
        self.searched += 1
        return True

    def find(self, trace_id: str) -> bool:
        """Ask for one trace by its id, which a `traceparent` header holds as well; False if there is none."""
        try:
            found = self._jaeger.trace(_id_in(trace_id))
        except MeshtutorError as error:
            self.error = error.message
            return False
        self.error, self.more, self.found = "", False, Traces(f"trace {found.id}", (found,))
        self.open(found.id)
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
            self.service = next(filter(_is_gateway, self.services), self.services[0])
        self.operations = (
            tuple(self._jaeger.operations(self.service)) if self.service in self.services else ()
        )
        if self.operation not in self.operations:
            self.operation = ""

    def _ask(self) -> Traces:
        return self._jaeger.search(
            self.service,
            operation=self.operation,
            tags={**logfmt.parse(self.tags), **({"error": "true"} if self.failed else {})},
            slower_than=self.slower_than,
            faster_than=self.faster_than,
            seconds=self.seconds,
            limit=LIMIT + 1,
        )

    @validate("slower_than", "faster_than", "seconds")  # type: ignore[untyped-decorator]
    def _check(self, proposal: Any) -> float:
        if proposal["value"] < 0:
            what = f"{proposal['trait'].name} = {proposal['value']:g}"
            raise MeshtutorError(f"{what}: there is no time below zero.", "Expected: zero or more")
        return float(proposal["value"])


def _id_in(text: str) -> str:
    """The id in what was pasted; MeshtutorError if there is none."""
    if found := _ID.fullmatch(text.strip()):
        return found[1].lower()
    raise MeshtutorError(
        f"{text.strip()!r} is not the id of a trace, expected up to 32 hexadecimal digits.",
        "x-b3-traceid is one; a whole traceparent has one in it",
    )


def _is_gateway(service: str) -> bool:
    """Whether the name under which proxies report, WORKLOAD.NAMESPACE, is that of a gateway, whosever it is."""
    return "gateway" in service.partition(".")[0]
