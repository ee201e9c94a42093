"""What is wrong, measured without saying where: calls that fail, pages that are slow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Final, Protocol

from meshtutor.errors import NotReadyError
from meshtutor.exercises.verdicts import Finding
from meshtutor.kube.kinds import POD
from meshtutor.mesh import Mesh
from meshtutor.mesh.counting import at_rest
from meshtutor.telemetry.istio import REQUESTS
from meshtutor.telemetry.pages import read_pages

PAGE: Final = "/productpage"
_STILL: Final = 0.2  # of the trouble before: what a busy machine may add by itself
_MOST: Final = 450
_IN_VAIN: Final = 180
_SCRAPES: Final = 5  # a window of so many must not show what the learner did before
_REPORTED: Final = 2.0  # seconds after which more pages help more than patience
_COUNTED: Final = 0.1  # seconds: who has an answer was counted already, or is so right now
_AT_ONCE: Final = 12  # more would have pages wait for each other on a busy machine


class Symptom(Protocol):
    """Trouble that can be counted.

    `some` is how many pages show a learner a bit of it, `each` how many to ask for before it is seen whether a check
    needs more, which wants to see `enough` cases: so many that they hardly stay away by chance. `by_clock` if a machine
    that is busy for a moment causes the same.
    """

    some: ClassVar[int]
    each: ClassVar[int]
    enough: ClassVar[int]
    by_clock: ClassVar[bool]

    def shows(self, mesh: Mesh, culprit: str, since: float) -> bool:
        """Whether a learner who looks now sees what a workload does `since` (time.monotonic()) and nothing older."""
        ...

    def count(self, mesh: Mesh, n: int) -> int:
        """Ask for `n` pages; how often there was trouble."""
        ...

    def gone(self, before: int, after: int, n: int, healed: str) -> Finding:
        """Whether trouble `after` a workload was healed is so much less than `before` that it was this one."""
        ...


def measure(symptom: Symptom, mesh: Mesh) -> tuple[int, int]:
    """(trouble, pages): as many pages as it takes to see enough of it, or to give up.

    A version that is slow gets few requests, because Istio's load balancing (LEAST_REQUEST) goes around it.
    """
    trouble, n = 0, 0
    while trouble < symptom.enough and n < (_MOST if trouble else _IN_VAIN):
        more = _more(symptom, trouble, n)
        trouble += symptom.count(mesh, more)
        n += more
    return trouble, n


def loudest(mesh: Mesh) -> str:
    """The workload that answered most requests with an error, be it theirs who asked; "" without any."""
    wrong = _answered(mesh, "[45]..")
    return max(wrong, key=wrong.__getitem__, default="")


def _answered(mesh: Mesh, codes: str) -> dict[str, float]:
    """By workload, requests in a second that were answered with `codes` (a regular expression), as callers saw it."""
    window = f"{_SCRAPES * mesh.prometheus.scrape_interval:g}s"
    calls = f'reporter="source",destination_service_namespace="{mesh.namespace}",response_code=~"{codes}"'
    found = f"sum by (destination_workload) (rate({REQUESTS}{{{calls}}}[{window}])) > 0"
    return mesh.prometheus.query(found).by("destination_workload")


def _more(symptom: Symptom, trouble: int, n: int) -> int:
    """How many pages to ask for next: what `n` of them have shown says how many it will take, and a fifth more.

    No more than three times what has been asked for: what the first few say of the others is rough.
    """
    if not trouble:
        return symptom.each
    needed = ceil(1.2 * n * (symptom.enough - trouble) / trouble)
    return min(max(needed, symptom.each // 3), 3 * n, _MOST - n)


@dataclass(frozen=True)
class FailedCalls:
    """Calls between services that ended with 5xx; once the right one is healed, one is one too many."""

    some: ClassVar[int] = 40
    each: ClassVar[int] = 90
    enough: ClassVar[int] = 10  # none at all where so many are to be expected: 1 in 20,000
    by_clock: ClassVar[bool] = False

    def shows(self, mesh: Mesh, culprit: str, since: float) -> bool:
        """See `Symptom`: in the metrics, where a new counter grows from its second scrape on."""
        del since
        mesh.wait_for_metrics()
        return set(_answered(mesh, "5..")) == {culprit}

    def count(self, mesh: Mesh, n: int) -> int:
        """See `Symptom`; counted by the callers' sidecars, wherever in the namespace."""
        calls = {"reporter": "source", "destination_service_namespace": mesh.namespace}
        before = read_pages(mesh.api, mesh.api.list(POD, mesh.namespace), calls)
        mesh.send(mesh.gateway + PAGE, n)
        grown = at_rest(mesh.api, mesh.namespace, calls, pause=_COUNTED).since(before)
        return round(sum(one.value for one in grown if one.labels.get("response_code", "").startswith("5")))

    def gone(self, before: int, after: int, n: int, healed: str) -> Finding:
        """See `Symptom`."""
        about = f"calls that fail while {n} pages are served, with {healed} healed"
        return Finding(about, after == 0, "none", f"{after} (before: {before})")


@dataclass(frozen=True)
class SlowPages:
    """Pages that take longer than so many milliseconds."""

    milliseconds: float
    some: ClassVar[int] = 30
    each: ClassVar[int] = 30
    enough: ClassVar[int] = 15  # a fifth where as many are to be expected: 1 in 1,000, sought as here
    by_clock: ClassVar[bool] = True

    def shows(self, mesh: Mesh, culprit: str, since: float) -> bool:
        """See `Symptom`: in the traces, as soon as the proxies have reported one."""
        del culprit
        page, seconds = f"productpage.{mesh.namespace}", time.monotonic() - since
        try:
            mesh.traces.wait_for(page, timeout=_REPORTED, slower_than=self.milliseconds, seconds=seconds)
        except NotReadyError:
            return False
        return True

    def count(self, mesh: Mesh, n: int) -> int:
        """See `Symptom`."""
        pages = mesh.send(mesh.gateway + PAGE, n, concurrency=_AT_ONCE)
        return sum(taken > self.milliseconds for taken in pages.latencies())

    def gone(self, before: int, after: int, n: int, healed: str) -> Finding:
        """See `Symptom`; a few stragglers are the machine's."""
        about = f"pages of {n} that take longer than {self.milliseconds:g} ms, with {healed} healed"
        return Finding(about, after <= before * _STILL, "hardly any", f"{after} (before: {before})")
