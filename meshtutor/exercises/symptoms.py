"""What is wrong, measured without saying where: calls that fail, pages that are slow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from meshtutor.exercises.verdicts import Finding
from meshtutor.mesh import Mesh
from meshtutor.telemetry.istio import REQUESTS

PAGE: Final = "/productpage"
_STILL: Final = 0.25  # of the trouble before: what a busy machine may add by itself


class Symptom(Protocol):
    """Trouble that can be counted: `count` sends `n` requests and says how many were in trouble."""

    @property
    def n(self) -> int:
        """How many requests a count takes."""
        ...

    def count(self, mesh: Mesh) -> int:
        """How many, now."""
        ...

    def gone(self, before: int, after: int, healed: str) -> Finding:
        """Whether so many are few enough, once a workload was healed, to say that it was this one."""
        ...


@dataclass(frozen=True)
class FailedCalls:
    """Calls between services that ended with 5xx, while `n` pages were asked for; one is one too many."""

    n: int = 90

    def count(self, mesh: Mesh) -> int:
        """See `Symptom`; counted by the callers' sidecars, wherever in the mesh."""
        before = self._so_far(mesh)
        mesh.send(mesh.gateway + PAGE, self.n)
        return round(self._so_far(mesh) - before)

    def gone(self, before: int, after: int, healed: str) -> Finding:
        """See `Symptom`."""
        about = f"calls that fail while {self.n} pages are served, with {healed} healed"
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
    n: int = 90

    def count(self, mesh: Mesh) -> int:
        """See `Symptom`."""
        pages = mesh.send(mesh.gateway + PAGE, self.n, concurrency=16)
        return sum(taken > self.milliseconds for taken in pages.latencies())

    def gone(self, before: int, after: int, healed: str) -> Finding:
        """See `Symptom`; a few stragglers are the machine's."""
        about = f"pages of {self.n} that take longer than {self.milliseconds:g} ms, with {healed} healed"
        return Finding(about, after <= before * _STILL, "hardly any", f"{after} (before: {before})")
