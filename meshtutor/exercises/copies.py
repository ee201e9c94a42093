"""Questions about copies: what reaches a version beside the requests that it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshtutor.exercises.task import Question
from meshtutor.exercises.verdicts import Finding
from meshtutor.mesh import Mesh
from meshtutor.traffic.report import Report
from meshtutor.traffic.tally import Tally


@dataclass(frozen=True)
class Copies(Question):
    """`share` (0 to 1) of the requests is copied to the version `dark`; counted by the sidecar in front of it.

    What `dark` answers itself is no copy, so that a split is not taken for a mirror.
    """

    dark: str = ""
    share: float = 0.0

    def ask(self, mesh: Mesh, n: int, false_alarm: float) -> Finding:
        """Send `n` requests and judge the copies by an exact binomial test."""
        with mesh.counting(self.target) as counted:
            report = self._send(mesh, n)
        copied = max(counted.versions[self.dark].count - report.versions()[self.dark].count, 0)
        test = Tally({"copied": copied, "not copied": max(n - copied, 0)}).test(
            {"copied": self.share, "not copied": 1 - self.share}, false_alarm
        )
        ok = test.ok and copied <= n
        return Finding(self.about, ok, f"copies of {self.share:.0%} to {self.dark}", f"{copied} of {n}")

    def _send(self, mesh: Mesh, n: int) -> Report:
        return mesh.send(self.target, n, path=self.path, method=self.method, headers=self.headers)


def none_of(question: Copies, about: str, method: str) -> Copies:
    """The same for requests of another method, of which there must be no copies, with the learner's rule or without."""
    return replace(question, about=about, method=method, share=0.0, control=True)
