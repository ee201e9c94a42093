"""The first steps: are the programs here, and is the port free? Nothing has been made yet."""

from __future__ import annotations

from collections.abc import Sequence

from meshtutor.errors import LabError
from meshtutor.providers import ports, requirements
from meshtutor.providers.k3d.docker import Docker
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.tools import Command, Tools, command


class ToolsAreHere:
    """docker (its engine, too), k3d, kubectl and istioctl, each new enough. Nothing is installed."""

    name = "docker, k3d, kubectl and istioctl"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def commands(self) -> Sequence[Command]:
        """Each program asked for its version."""
        return [command(wanted.tool, *wanted.ask) for wanted in requirements.ALL]

    def is_done(self) -> bool:
        """All of them are asked each time: an engine that ran yesterday may not run today."""
        found = [requirements.check(self._tools, wanted) for wanted in requirements.ALL]
        wrong = [one for one in found if one.problem]
        if wrong:
            sentence = "; ".join(f"{one.tool} {one.problem}" for one in wrong)
            raise LabError(f"{sentence}.", "\n    ".join(f"{one.tool}: {one.repair}" for one in wrong))
        return True

    def run(self) -> None:
        """Nothing: meshtutor installs nothing by itself."""


class PortIsFree:
    """The port on this machine that will lead to the gateway; asked only while there is no cluster that has it."""

    def __init__(self, docker: Docker, options: K3dOptions) -> None:
        self._docker = docker
        self._options = options
        self.name = f"port {options.port} on this machine"

    def commands(self) -> Sequence[Command]:
        """How a person would look."""
        return [command("ss", "-ltn", f"sport = :{self._options.port}")]

    def is_done(self) -> bool:
        """Free, or taken by this very cluster."""
        port = self._options.port
        if self._docker.has_cluster(self._options.cluster) or ports.is_free(port, "0.0.0.0"):
            return True
        owner = ports.owner(port)
        mine = (
            "meshtutor down ends that lab; or"
            if "meshtutor" in owner
            else f"End it (ss -ltnp 'sport = :{port}'), or"
        )
        raise LabError(
            f"Port {port} is taken by {owner}; nothing was created.",
            f"{mine} take another port: meshtutor up --on k3d --port {port + 1}",
        )

    def run(self) -> None:
        """Nothing: a taken port is the owner's affair."""
