"""What is wrong, measured without saying where: calls that fail, pages that are slow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from meshtutor.exercises.verdicts import Finding
from meshtutor.mesh import Mesh
from meshtutor.telemetry.istio import REQUESTS

PAGE: Final = "/productpage"
ENOUGH: Final = (
    12  # cases of trouble: then a quarter of them is, by chance alone, rarer than 1 in 400 (Poisson)
)
_STILL: Final = 0.25  # of the trouble before: what a busy machine may add by itself
_EACH: Final = 90
_MOST: Final = 5 * _EACH


class Symptom(Protocol):
    """Trouble that can be counted."""

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
    while trouble < ENOUGH and n < _MOST and (trouble or n <= _EACH):
        trouble += symptom.count(mesh, _EACH)
        n += _EACH
    return trouble, n


@dataclass(frozen=True)
class FailedCalls:
    """Calls between services that ended with 5xx; once the right one is healed, one is one too many."""

    def count(self, mesh: Mesh, n: int) -> int:
        """See `Symptom`; counted by the callers' sidecars, wherever in the mesh."""
        before = self._so_far(mesh)
        mesh.send(mesh.gateway + PAGE, n)
        return round(self._so_far(mesh) - before)

    def gone(self, before: int, after: int, n: int, healed: str) -> Finding:
        """See `Symptom`."""
        about = f"calls that fail while {n} pages are served, with {healed} healed"
        return Finding(about, after == 0, "none", f"{after} (before: {before})")

    def _so_far(self, mesh: Mesh) -> float:
        mesh.wait_for_metrics()
        failed = f'reporter="source",destination_service_namespace="{mesh.namespace}",response_code=~"5.."'
        found = mesh.prometheus.query(f"sum({REQUESTS}{{{failed}}})")
        return found.value


@dataclass(frozen=True)
class SlowPages:
    """Pages that take longer than so many milliseconds."""

    milliseconds: float

    def count(self, mesh: Mesh, n: int) -> int:
        """See `Symptom`."""
        pages = mesh.send(mesh.gateway + PAGE, n)
        return sum(taken > self.milliseconds for taken in pages.latencies())

    def gone(self, before: int, after: int, n: int, healed: str) -> Finding:
        """See `Symptom`; a few stragglers are the machine's."""
        about = f"pages of {n} that take longer than {self.milliseconds:g} ms, with {healed} healed"
        return Finding(about, after <= before * _STILL, "hardly any", f"{after} (before: {before})")
