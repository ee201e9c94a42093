"""Running programs: said before they run, heard while they run, ended when we are."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import psutil
import pytest

from meshtutor.errors import MeshtutorError, NotReadyError
from meshtutor.providers import steps, waits
from meshtutor.providers.tools import Command, ToolError, Tools, command


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """A PATH with a program `talk` that runs what it is given, in a shell."""
    script = tmp_path / "talk"
    script.write_text('#!/bin/sh\neval "$1"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    heard: list[dict] = []
    tools = Tools(heard.append, {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    tools.heard = heard
    return tools


def test_a_command_is_said_then_its_lines(tools: Tools) -> None:
    assert tools.run(command("talk", "echo one; echo two >&2")) == "one\ntwo\n"
    assert tools.heard == [
        {"command": "talk 'echo one; echo two >&2'"},
        {"waiting": "one"},
        {"waiting": "two"},
    ]


def test_what_is_typed_may_differ_from_what_runs(tools: Tools) -> None:
    tools.run(Command(("talk", "cat"), stdin="hello", typed="echo hello | cat"))
    assert tools.heard == [{"command": "echo hello | cat"}, {"waiting": "hello"}]


def test_a_failure_carries_what_was_said(tools: Tools) -> None:
    with pytest.raises(ToolError) as caught:
        tools.run(command("talk", "echo the disk is full; exit 3"))
    assert caught.value.message == "talk ended with status 3: the disk is full"
    assert caught.value.code == 3


def test_looking_is_silent_and_forgiving(tools: Tools) -> None:
    assert tools.look("talk", "echo x") == "x\n"
    assert tools.look("talk", "exit 1") is None
    assert tools.look("no-such-program") is None
    assert tools.look("talk", "sleep 5", timeout=0.2) is None
    assert tools.heard == []


def test_a_command_that_takes_too_long_is_ended(tools: Tools) -> None:
    began = time.monotonic()
    with pytest.raises(ToolError, match="ended after"):
        tools.run(command("talk", "exec sleep 30"), timeout=0.3)
    assert time.monotonic() - began < 10


def test_an_interruption_ends_the_program(tools: Tools) -> None:
    def interrupted(said: dict) -> None:
        if said.get("waiting", "").startswith("process "):
            found.append(int(said["waiting"].split()[1]))
            raise KeyboardInterrupt

    found: list[int] = []
    loud = Tools(interrupted, tools._environment)
    with pytest.raises(KeyboardInterrupt):
        loud.run(command("talk", "echo process $$; exec sleep 30"))
    assert not psutil.pid_exists(found[0])


class Fake:
    """A step with a state of its own."""

    def __init__(self, name: str, log: list[str], error: str = "") -> None:
        self.name, self._log, self._error, self._done = name, log, error, False

    def commands(self) -> list[Command]:
        return [command("make", self.name)]

    def is_done(self) -> bool:
        return self._done

    def run(self) -> None:
        if self._error:
            self._error, error = "", self._error
            raise NotReadyError(error, "try it")
        self._log.append(self.name)
        self._done = True


def test_steps_stop_at_the_first_failure_and_go_on_from_there() -> None:
    log: list[str] = []
    work = [Fake("one", log), Fake("two", log, "the tool broke"), Fake("three", log)]
    with pytest.raises(NotReadyError) as caught:
        steps.run_all(work, lambda _: None, "Again goes on.")
    assert caught.value.message == "two: the tool broke"
    assert caught.value.hint.splitlines()[0] == "try it"
    assert "Again goes on." in caught.value.hint
    steps.run_all(work, lambda _: None, "")
    assert log == ["one", "two", "three"]


def test_the_plan_is_what_a_person_would_type() -> None:
    assert steps.plan([Fake("a b", [])]) == [("a b", ["make 'a b'"])]


class Cluster:
    """Deployments and pods that change with each look."""

    def __init__(self, *states: tuple[bool, str]) -> None:
        self._states, self._at = states, -1

    def list(self, kind, namespace: str = "", labels: str = "", fields: str = "") -> list[dict]:
        if kind.kind == "Deployment":
            self._at = min(self._at + 1, len(self._states) - 1)
        ready, reason = self._states[self._at]
        if kind.kind == "Deployment":
            status = {
                "observedGeneration": 1,
                "updatedReplicas": 1,
                "replicas": 1,
                "availableReplicas": int(ready),
            }
            return [{"metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1}, "status": status}]
        waiting = {"state": {"waiting": {"reason": reason, "message": "why"}}} if reason else {}
        return [
            {"metadata": {"name": "web-1"}, "status": {"containerStatuses": [{"name": "app", **waiting}]}}
        ]


def test_trouble_that_passes_is_no_failure() -> None:
    heard: list[dict] = []
    cluster = Cluster((False, ""), (False, "ErrImagePull"), (False, ""), (True, ""))
    waits.wait_ready(cluster, "default", heard.append, 60, sleep=lambda _: None)
    assert heard[0] == {"waiting": "waiting for web (1 pods to become ready)"}


REASONS = {"ImagePullBackOff": "docker pull", "CrashLoopBackOff": "--previous"}


@pytest.mark.parametrize(("reason", "next_step"), REASONS.items())
def test_trouble_that_lasts_is_named_with_its_next_step(reason: str, next_step: str) -> None:
    ticks = iter(range(1000))
    stuck = Cluster((False, reason))
    with pytest.raises(MeshtutorError) as caught:
        waits.wait_ready(
            stuck,
            "ns",
            lambda _: None,
            600,
            patience=5,
            clock=lambda: float(next(ticks)),
            sleep=lambda _: None,
        )
    assert f"web-1/app: {reason}" in caught.value.message
    assert next_step in caught.value.hint
