"""What a container image means here: which program it is on this machine.

There are no layers and no registry: an image is a name in a table. `python:*` is the interpreter that runs
the lab, without any packages, as the real image has none, `prom/prometheus` and Istio's `proxyv2`
are local binaries, and an image may stand for a coroutine of the lab's own process (`istio/pilot`).
"""

from __future__ import annotations

import fnmatch
import os
import sys
import venv
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshtutor.embedded.kubelet.place import Place
from meshtutor.errors import MeshtutorError

Adapt = Callable[[list[str], Mapping[str, Any], Place], list[str]]


@dataclass(frozen=True)
class InProcess:
    """A container that is a coroutine of the lab; its log is that of the named loggers."""

    run: Callable[[Place], Awaitable[None]]
    loggers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """A program.

    `entrypoint`: what runs when the container names no command. `programs`: local paths of words that the
    command may begin with; `path`: a directory that PATH begins with. `adapt(argv, container, place)` may
    change the command to what works without a network namespace.
    """

    entrypoint: tuple[str, ...] = ()
    programs: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    adapt: Adapt | None = None
    in_process: InProcess | None = None

    def argv(
        self, container: Mapping[str, Any], command: list[str], arguments: list[str], place: Place
    ) -> list[str]:
        """The local command line. Kubernetes' rule: `command` replaces the entrypoint, `args` follow."""
        line = [*(command or self.entrypoint), *arguments]
        if self.adapt is not None:
            line = self.adapt(line, container, place)
        if not line:
            raise MeshtutorError(
                f"container {container['name']!r} has no command and its image has no entrypoint here",
                "Say what to run in `command`.",
            )
        return [self.programs.get(line[0], line[0]), *line[1:]]


class Images:
    """Repository patterns (without registry and tag) and what they mean; the first match counts."""

    def __init__(self) -> None:
        self._table: dict[str, Image] = {}

    def add(self, pattern: str, image: Image | InProcess) -> None:
        """Let `pattern` (a repository, may contain `*`) mean this program or coroutine."""
        self._table[pattern] = Image(in_process=image) if isinstance(image, InProcess) else image

    def find(self, name: str) -> Image:
        """The program of an image, or MeshtutorError with what to do instead."""
        repository = repository_of(name)
        for pattern, image in self._table.items():
            if fnmatch.fnmatchcase(repository, pattern) or fnmatch.fnmatchcase(repository, f"*/{pattern}"):
                return image
        known = ", ".join(sorted(f"{pattern}:*" for pattern in self._table))
        raise MeshtutorError(
            f"image {name!r} cannot run in the embedded cluster, which has no containers",
            f"Use one of {known}, or a real cluster: meshtutor up --on k3d.",
        )


def repository_of(name: str) -> str:
    """`docker.io/library/python:3.13-alpine@sha256:…` -> `python`."""
    name = name.partition("@")[0]
    head, _, last = name.rpartition("/")
    name = f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
    for prefix in ("docker.io/", "index.docker.io/", "library/"):
        name = name.removeprefix(prefix)
    return name


def python(directory: Path) -> Image:
    """`python:*`: the interpreter and its standard library, and no packages, as in the real image.

    It is a virtual environment in `directory`, made anew, because what this machine's interpreter has installed
    for itself runs at each start of it (.pth files, see Python's `site`): up to 4 MB and 0.1 s for nothing.
    """
    venv.EnvBuilder(symlinks=True, clear=True).create(directory)
    path = directory / "bin"
    names = ("python", "python3", "/usr/local/bin/python", "/usr/bin/python3")
    return Image(entrypoint=("python3",), programs=dict.fromkeys(names, str(path / "python3")), path=path)


def prometheus(binary: Path) -> Image:
    """`prom/prometheus`: listens on the pod's own address, and keeps its data in the pod's directory."""

    def adapt(argv: list[str], _: Mapping[str, Any], place: Place) -> list[str]:
        missing = {
            "--web.listen-address": f"{place.app_ip}:9090",
            "--storage.tsdb.path": str(place.directory / "prometheus"),
        }
        given = {argument.partition("=")[0] for argument in argv}
        return [*argv, *(f"{flag}={value}" for flag, value in missing.items() if flag not in given)]

    return Image(
        entrypoint=("prometheus",),
        programs={"prometheus": str(binary), "/bin/prometheus": str(binary)},
        adapt=adapt,
    )


def jaeger() -> Image:
    """`jaegertracing/*`: the lab's own trace store, by the interpreter that has the lab's packages."""
    return Image(entrypoint=(sys.executable, "-m", "meshtutor.embedded.addons.jaeger"))


def base_environment(image: Image, place: Place, hostname: str) -> dict[str, str]:
    """What a process finds in its environment before the pod says anything."""
    path = os.environ.get("PATH", os.defpath)
    return {
        "PATH": f"{image.path}{os.pathsep}{path}" if image.path else path,
        "HOME": str(place.directory / "home"),
        "TMPDIR": str(place.directory / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "HOSTNAME": hostname,
    }
