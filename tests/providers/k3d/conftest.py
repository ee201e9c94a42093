"""A machine whose docker, k3d, kubectl and istioctl record how they are called."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Tools
from tests.support.servers import Answer, serving

TOOLS = ("docker", "k3d", "kubectl", "istioctl")
VERSIONS = {"docker": "28.1.0", "k3d": "v5.8.3", "kubectl": "v1.33.1", "istioctl": "1.30.3"}


class Machine:
    """The pretended machine: its world, what it was told to fail at, and what was called.

    `tools` are pretended; any other that is put into `path` is real.
    """

    def __init__(self, directory: Path, port: int, tools: tuple[str, ...] = TOOLS) -> None:
        self.directory, self.port = directory, port
        self.path = directory / "bin"
        self.kubeconfig = directory / "kubeconfig"
        self.world: dict[str, Any] = {
            "versions": dict(VERSIONS), "cluster": {}, "nodes": {}, "namespaces": {}, "deployments": {}, "stuck": {},
            "gateway": False, "istio": "", "scrape": "15s",
        }  # fmt: skip
        self.path.mkdir()
        self.install(*tools)
        self.write(self.world)
        self.fail()

    def install(self, *tools: str) -> None:
        script = Path(__file__).with_name("pretender.py").read_text()
        for tool in tools:
            (self.path / tool).write_text(f"#!{sys.executable} -IS\n{script}")
            (self.path / tool).chmod(0o755)

    def remove(self, tool: str) -> None:
        (self.path / tool).unlink()

    def write(self, world: dict[str, Any]) -> None:
        (self.directory / "world.json").write_text(json.dumps(world))

    def read(self) -> dict[str, Any]:
        return json.loads((self.directory / "world.json").read_text())

    def change(self, **parts: Any) -> None:
        self.write({**self.read(), **parts})

    def fail(self, words: str = "", status: int = 1, output: str = "", times: int = 1) -> None:
        """The next command with these words fails; without words none does."""
        (self.directory / "failures.json").write_text(
            json.dumps([[words, status, output, times]] if words else [])
        )

    @property
    def calls(self) -> list[str]:
        """Every command line so far."""
        file = self.directory / "calls.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [" ".join([call["tool"], *call["args"]]) for call in lines]

    @property
    def changes(self) -> list[str]:
        """The command lines that changed something."""
        looks = (" version", "docker ps", " get ", " ls ")
        return [call for call in self.calls if not any(look in call for look in looks)]

    def forget_calls(self) -> None:
        (self.directory / "calls.jsonl").unlink(missing_ok=True)


@pytest.fixture
def productpage() -> Iterator[int]:
    """A port at which something answers 200, as the gateway does at the end."""
    with serving(lambda _asked: Answer()) as page:
        yield page.port


@pytest.fixture
def machine(tmp_path: Path, productpage: int, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The four programs on a PATH of their own; a home, a kubeconfig and a study of their own, too."""
    machine = Machine(tmp_path, productpage)
    monkeypatch.setenv("PATH", str(machine.path))
    monkeypatch.setenv("PRETEND", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(machine.kubeconfig))
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path / "home"))
    # the port is taken by the page that answers; only the tests about taken ports want to see that
    monkeypatch.setattr("meshtutor.providers.ports.is_free", lambda port, host="": True)
    return machine


@pytest.fixture
def up(machine: Machine) -> Callable[..., Record]:
    """`meshtutor up --on k3d` on the pretended machine; `heard` collects what it says."""

    def run(name: str = "default", *, heard: list[dict[str, Any]] | None = None, **options: Any) -> Record:
        said = heard.append if heard is not None else lambda _: None
        options.setdefault("port", machine.port)
        return k3d.up(name, k3d.options_for(name, **options), Tools(said, dict(os.environ)), said)

    return run
