"""The study's application, its gateway, and the proof that it answers from this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from meshtutor.kube.kinds import DEPLOYMENT, GATEWAY
from meshtutor.providers import page, waits
from meshtutor.providers.k3d.kubectl import Kubectl
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command

PAGE: Final = "/productpage"
_SERVICES: Final = {
    "productpage-v1",
    "details-v1",
    "reviews-v1",
    "reviews-v2",
    "reviews-v3",
    "ratings-v1",
    "client",
}


class ApplicationIsApplied:
    """manifests/bookinfo and manifests/gateway, by server-side apply, as `mesh.apply` does it later."""

    name = "the application and its gateway"

    def __init__(self, kubectl: Kubectl, namespace: str, folders: Sequence[Path]) -> None:
        self._kubectl, self._namespace, self._folders = kubectl, namespace, folders

    def commands(self) -> Sequence[Command]:
        """One `kubectl apply` for both folders."""
        return [self._kubectl.command(*self._words())]

    def is_done(self) -> bool:
        """Whether every Deployment of the application and its Gateway are there."""
        there = {d["metadata"]["name"] for d in self._kubectl.list(DEPLOYMENT, self._namespace)}
        return there >= _SERVICES and bool(self._kubectl.list(GATEWAY, self._namespace))

    def run(self) -> None:
        """Apply."""
        self._kubectl.run(*self._words())

    def _words(self) -> list[str]:
        folders = [word for folder in self._folders for word in ("-f", str(folder))]
        return [
            "apply",
            "-n",
            self._namespace,
            "--server-side",
            "--force-conflicts",
            "--field-manager=meshtutor",
            *folders,
        ]


class IsReady:
    """Every Deployment of a namespace is rolled out."""

    def __init__(
        self, kubectl: Kubectl, namespace: str, what: str, said: Said, timeout: float = 900.0
    ) -> None:
        self._kubectl, self._namespace, self._said, self._timeout = kubectl, namespace, said, timeout
        self.name = what

    def commands(self) -> Sequence[Command]:
        """How a person would wait."""
        return [
            self._kubectl.command(
                "wait",
                "-n",
                self._namespace,
                "--for=condition=Available",
                "deployment",
                "--all",
                f"--timeout={self._timeout:g}s",
            )
        ]

    def is_done(self) -> bool:
        """Whether nothing is missing now."""
        return not waits.unready(self._kubectl, self._namespace)[0]

    def run(self) -> None:
        """Wait, saying for what."""
        waits.wait_ready(self._kubectl, self._namespace, self._said, self._timeout)


class GatewayAnswers:
    """The application's page comes back with 200 through localhost -> k3d's load balancer -> NodePort -> gateway."""

    def __init__(
        self, options: K3dOptions, timeout: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url, self._timeout, self._clock = options.gateway + PAGE, timeout, clock
        self.name = f"{self._url} answers"

    def commands(self) -> Sequence[Command]:
        """How a person would look."""
        return [command("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", self._url)]

    def is_done(self) -> bool:
        """Whether it answers 200 now."""
        return page.answer(self._url) == "200"

    def run(self) -> None:
        """Ask until it does."""
        page.wait_for(self._url, self._timeout, self._clock)
