"""`up`, `down` and `status` on real clusters, as typed: what is refused, what is only printed, what JSON says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from meshtutor.cli.main import main
from meshtutor.providers import records
from meshtutor.providers.k3d.machine import ToolsAreHere
from meshtutor.providers.records import Record


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home, a PATH and a kubeconfig with nothing in them, and the lab called test."""
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    monkeypatch.setenv("MESHTUTOR_LAB", "test")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


def test_dry_run_needs_no_tool_and_makes_nothing(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert main(["up", "--on", "k3d", "--dry-run", "--port", "8123", "--agents", "1"]) == 0
    said = capsys.readouterr().out
    assert "k3d cluster create test -p 8123:30000@loadbalancer --agents 1 " in said
    assert "istioctl install --context k3d-test" in said
    assert "nodePort: 30000" in said
    assert list(tmp_path.iterdir()) == []


def test_what_dry_run_prints_can_be_typed_where_nothing_is_yet(
    capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "a home"  # with a blank, as they have on Windows
    monkeypatch.setenv("MESHTUTOR_HOME", str(home))
    assert main(["up", "--on", "k3d", "--dry-run"]) == 0
    said = capsys.readouterr().out
    script = said[said.index("mkdir -p") : said.index("\nEND\n") + len("\nEND\n")]
    subprocess.run(["/bin/sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, check=True)
    assert "profile: default" in (home / "clusters" / "test" / "istio.yaml").read_text()


def test_dry_run_needs_no_lab_of_that_name_to_be_on_k3d(capsys: pytest.CaptureFixture) -> None:
    Record("test", "context", "school", "student-07").save()
    assert main(["up", "--on", "k3d", "--dry-run"]) == 0
    assert "k3d cluster create test " in capsys.readouterr().out
    assert main(["up", "--on", "k3d"]) == 1
    assert "is on the context 'school' already" in capsys.readouterr().err


def test_dry_run_goes_on_from_what_was_chosen_before(capsys: pytest.CaptureFixture) -> None:
    Record("test", "k3d", "k3d-test", "default", made=["cluster"], options={"agents": 1, "port": 8123}).save()
    assert main(["up", "--on", "k3d", "--dry-run", "--agents", "3"]) == 0
    assert "k3d cluster create test -p 8123:30000@loadbalancer --agents 3 " in capsys.readouterr().out


def test_ctrl_c_says_what_was_interrupted_and_how_to_go_on(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_self: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(ToolsAreHere, "is_done", interrupted)
    assert main(["up", "--on", "k3d"]) == 130
    said = capsys.readouterr().err
    assert "Interrupted at: docker, k3d, kubectl and istioctl" in said
    assert "meshtutor status" in said
    assert "meshtutor down" in said
    assert "half-made" not in said


def test_dry_run_as_data(capsys: pytest.CaptureFixture) -> None:
    assert main(["up", "--on", "k3d", "--dry-run", "--output", "json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [step["step"] for step in steps][:3] == [
        "docker, k3d, kubectl and istioctl", "port 8000 on this machine", "cluster test with 2 agents",
    ]  # fmt: skip


WRONG = [
    (["up", "--on", "k3d"], "docker is not on PATH", "https://docs.docker.com"),
    (["up", "--on", "k3d", "--context", "x"], "--context goes with --on context", "leave"),
    (["up", "--on", "k3d", "--agents", "99"], "--agents 99", "--agents 2"),
    (["up", "--on", "context"], "needs a context's name", "--context NAME"),
    (["up", "--on", "context", "--context", "x"], "No kubeconfig context 'x'", "get-contexts"),
    (
        ["up", "--on", "context", "--context", "x", "--agents", "2"],
        "--agents goes with --on k3d",
        "leave it out",
    ),
    (
        ["up", "--on", "context", "--context", "x", "--namespace", "Student_7"],
        "cannot be a namespace",
        "student-07",
    ),
    (["up", "--on", "embedded", "--dry-run"], "--dry-run is for", ""),
    (["kubeconfig"], "No lab 'test' runs", "meshtutor up"),
]


@pytest.mark.parametrize(
    ("typed", "sentence", "next_step"), WRONG, ids=[" ".join(typed) for typed, _, _ in WRONG]
)
def test_what_cannot_be_done_is_a_sentence_with_the_next_step(
    typed: list[str], sentence: str, next_step: str, capsys: pytest.CaptureFixture
) -> None:
    assert main(typed) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert next_step in said
    assert "Traceback" not in said
    assert records.names() == []


def test_status_of_what_is_not_there(capsys: pytest.CaptureFixture) -> None:
    assert main(["status", "--on", "k3d", "--output", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["ready"] is False
    assert {"provider", "kubeconfig", "gateway", "prometheus", "pods"} <= data.keys()


def test_status_of_something_half_made_shows_each_step_and_the_way_on(capsys: pytest.CaptureFixture) -> None:
    Record(
        "test",
        "k3d",
        "k3d-test",
        "default",
        gateway="http://localhost:8000",
        cluster="test",
        made=["cluster"],
    ).save()
    records.choose("test", "k3d")
    assert main(["status"]) == 1
    said = capsys.readouterr().out
    assert "· cluster test with 2 agents" in said
    assert "meshtutor up --on k3d goes on from here" in said
    assert "meshtutor down removes" in said


def test_down_of_what_is_not_there_says_so(capsys: pytest.CaptureFixture) -> None:
    assert main(["down", "--on", "context"]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_the_environment_chooses(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHTUTOR_PROVIDER", "context")
    monkeypatch.setenv("MESHTUTOR_CONTEXT", "school")
    assert main(["up"]) == 1
    assert "No kubeconfig context 'school'" in capsys.readouterr().err
