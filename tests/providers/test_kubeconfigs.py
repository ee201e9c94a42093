"""The user's kubeconfig files, by kubectl's rules; only read, never written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from meshtutor.errors import LabError
from meshtutor.providers import kubeconfigs


def config(name: str, server: str = "https://one", **user: object) -> dict:
    return {
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority": "ca.crt"}}],
        "users": [{"name": name, "user": user or {"token": "secret"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "old"}}],
        "current-context": name,
    }


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two files, the second of which repeats a name of the first, and one that is not there."""
    paths = [tmp_path / "a" / "config", tmp_path / "b" / "config", tmp_path / "absent"]
    for path, content in zip(paths, (config("work"), {**config("work", "https://two")}), strict=False):
        path.parent.mkdir()
        path.write_text(yaml.safe_dump(content))
    more = yaml.safe_load(paths[1].read_text())
    extra = config(
        "play", "https://play", **{"client-certificate": "play.crt", "client-key": "/abs/play.key"}
    )
    for section in ("clusters", "users", "contexts"):
        more[section] += extra[section]
    paths[1].write_text(yaml.safe_dump(more))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, paths)))
    return paths


def test_the_first_file_that_has_an_entry_wins(two: list[Path]) -> None:
    merged = kubeconfigs.merged()
    assert kubeconfigs.contexts(merged) == ["work", "play"]
    assert next(c["cluster"]["server"] for c in merged["clusters"] if c["name"] == "work") == "https://one"
    assert merged["current-context"] == "work"


def test_one_context_alone_with_the_labs_namespace(two: list[Path]) -> None:
    alone = yaml.safe_load(kubeconfigs.only("play", "student-07"))
    assert [c["name"] for c in alone["contexts"]] == ["play"]
    assert alone["contexts"][0]["context"]["namespace"] == "student-07"
    assert alone["current-context"] == "play"
    assert [u["name"] for u in alone["users"]] == ["play"]


def test_paths_are_relative_to_their_own_file(two: list[Path]) -> None:
    alone = yaml.safe_load(kubeconfigs.only("play"))
    assert alone["clusters"][0]["cluster"]["certificate-authority"] == str(two[1].parent / "ca.crt")
    assert alone["users"][0]["user"] == {
        "client-certificate": str(two[1].parent / "play.crt"),
        "client-key": "/abs/play.key",
    }


def test_the_users_files_are_only_read(two: list[Path]) -> None:
    before = [path.read_bytes() for path in two[:2]]
    kubeconfigs.only("work", "elsewhere")
    assert [path.read_bytes() for path in two[:2]] == before


def test_a_context_that_is_not_there_is_named_beside_those_that_are(two: list[Path]) -> None:
    with pytest.raises(LabError, match="No kubeconfig context 'wrok'; contexts there: play, work"):
        kubeconfigs.only("wrok")


@pytest.mark.parametrize("text", ["", "- a\n", "{"])
def test_a_file_that_is_no_kubeconfig_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(LabError, match=str(path)):
        kubeconfigs.merged()
