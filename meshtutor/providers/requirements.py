"""The programs that the study's own path needs: their versions, and how each is installed.

Nothing is installed behind anybody's back: what is missing is named with the command that installs it. Oldest
versions: k3d 5.4 (node filters as `@loadbalancer`, `--runtime-label`; https://k3d.io/), Docker 20.10.5 (k3d's own
requirement), Istio 1.24 (the first whose proxies report through `/debug/syncz` what they rejected, and which
serves networking.istio.io/v1), kubectl 1.28.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meshtutor.errors import LabError
from meshtutor.providers.tools import Tools

Version = tuple[int, ...]


@dataclass(frozen=True)
class Requirement:
    """A program: how it is asked for its version, the oldest that will do, and how it is installed."""

    tool: str
    ask: tuple[str, ...]
    read: Callable[[str], str]
    oldest: Version
    install: str


@dataclass(frozen=True)
class Found:
    """What was found of a program; `problem` and `repair` are empty when all is well.

    `version` is empty for a build from source that does not know its own: that one is taken as it is.
    """

    tool: str
    version: str = ""
    problem: str = ""
    repair: str = ""


def _json(*path: str) -> Callable[[str], str]:
    def read(said: str) -> str:
        value = json.loads(said)
        for step in path:
            value = value[step]
        return str(value)

    return read


DOCKER: Final = Requirement(
    "docker", ("version", "--format", "{{.Server.Version}}"), str.strip, (20, 10, 5),
    "https://docs.docker.com/engine/install/   # WSL2: Docker Desktop with WSL integration, or docker-ce inside",
)  # fmt: skip
K3D: Final = Requirement(
    "k3d", ("version",), lambda said: said.splitlines()[0].rpartition(" ")[2], (5, 4),
    "curl -s https://raw.githubusercontent.com/k3d-io/k3d/main/install.sh | bash",
)  # fmt: skip
KUBECTL: Final = Requirement(
    "kubectl", ("version", "--client", "-o", "json"), _json("clientVersion", "gitVersion"), (1, 28),
    "https://kubernetes.io/docs/tasks/tools/   # Debian: sudo apt install kubernetes-client",
)  # fmt: skip
ISTIOCTL: Final = Requirement(
    "istioctl", ("version", "--remote=false", "-o", "json"), _json("clientVersion", "version"), (1, 24),
    "curl -L https://istio.io/downloadIstio | sh -   # then put istio-*/bin on PATH",
)  # fmt: skip
ALL: Final = (DOCKER, K3D, KUBECTL, ISTIOCTL)


def check(tools: Tools, wanted: Requirement) -> Found:
    """Whether the program is there, answers, and is new enough."""
    if tools.find(wanted.tool) is None:
        return Found(wanted.tool, problem="is not on PATH", repair=wanted.install)
    try:
        version = wanted.read(tools.read(wanted.tool, *wanted.ask))
    except LabError as error:
        return _silent(wanted, error.message)
    except (ValueError, KeyError, IndexError, TypeError):
        version = ""
    number = parse(version)
    if number is None:
        return Found(wanted.tool)
    if number < wanted.oldest:
        oldest = ".".join(map(str, wanted.oldest))
        return Found(wanted.tool, version, f"is {version}; {oldest} or newer is needed", wanted.install)
    return Found(wanted.tool, version)


def parse(version: str) -> Version | None:
    """`v5.8.3`, `1.30.3-dev` -> numbers; None where there are none (builds from source say "unknown")."""
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version.strip())
    number = tuple(int(part) for part in found.groups() if part) if found else ()
    return number if any(number) else None  # v0.0.0-master is no version either


def branch(version: str, default: str) -> str:
    """The release branch of an Istio version: `1.30.3` -> `1.30`; `default` where the version is not known."""
    number = parse(version)
    return f"{number[0]}.{number[1]}" if number else default


def _silent(wanted: Requirement, said: str) -> Found:
    if wanted.tool != "docker":
        return Found(wanted.tool, problem=f"does not say its version: {said}", repair=wanted.install)
    if "permission denied" in said:
        repair = "sudo usermod -aG docker $USER   # then log out and in again"
        return Found(
            "docker", problem="may not be used by this user (permission denied on its socket)", repair=repair
        )
    repair = "sudo systemctl start docker   # WSL2 or a desktop: start Docker Desktop; then: docker info"
    return Found("docker", problem="is installed, but its engine does not answer", repair=repair)
