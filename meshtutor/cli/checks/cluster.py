"""What the real-cluster mode needs: docker, k3d, kubectl, istioctl; only kubectl is good to have without it."""

from __future__ import annotations

from collections.abc import Callable

from meshtutor.cli.checks.check import Check
from meshtutor.providers import requirements
from meshtutor.providers.requirements import Requirement
from meshtutor.providers.tools import Tools

_PURPOSES = {"kubectl": "typing kubectl beside the notebooks"}
_REAL = "a real cluster (k3d)"


def _check(wanted: Requirement) -> Callable[[], Check]:
    def check() -> Check:
        found = requirements.check(Tools(), wanted)
        if not found.problem:
            return Check(found.tool, "ok", found.version or "a build that does not say its version")
        return Check(found.tool, "missing", found.problem, found.repair, _PURPOSES.get(found.tool, _REAL))

    return check


ALL = tuple(map(_check, (requirements.KUBECTL, requirements.DOCKER, requirements.K3D, requirements.ISTIOCTL)))
