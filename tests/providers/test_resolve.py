"""Which place is meant, and that the answer says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtutor.errors import LabError, MeshtutorError
from meshtutor.providers import records, resolve
from meshtutor.providers.records import Record


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    for variable in ("MESHTUTOR_PROVIDER", "MESHTUTOR_CONTEXT"):
        monkeypatch.delenv(variable, raising=False)


def test_embedded_is_the_default() -> None:
    assert resolve.choose("x") == ("embedded", "the default")


def test_the_last_up_is_remembered_per_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    records.choose("x", "k3d")
    assert resolve.choose("x") == ("k3d", "the last `meshtutor up --on k3d`")
    assert resolve.choose("y")[0] == "embedded"
    monkeypatch.setenv("MESHTUTOR_PROVIDER", "context")
    assert resolve.choose("x") == ("context", "MESHTUTOR_PROVIDER")
    assert resolve.choose("x", "embedded") == ("embedded", "asked for")


def test_up_on_embedded_forgets_the_cluster_as_the_choice() -> None:
    records.choose("x", "k3d")
    records.choose("x", "embedded")
    assert resolve.choose("x")[0] == "embedded"


def test_an_unknown_provider_lists_the_valid_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHTUTOR_PROVIDER", "minikube")
    with pytest.raises(MeshtutorError, match="'minikube' \\(MESHTUTOR_PROVIDER\\)") as caught:
        resolve.choose("x")
    assert "embedded, k3d, context" in caught.value.hint


def test_connect_makes_no_cluster_by_itself() -> None:
    with pytest.raises(LabError) as caught:
        resolve.resolve("x", "k3d")
    assert "meshtutor up --on k3d" in caught.value.hint


def test_another_context_than_the_labs_is_not_taken_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    Record("x", "context", "school", "student-07").save()
    monkeypatch.setenv("MESHTUTOR_CONTEXT", "prod")
    with pytest.raises(LabError, match="on the context 'school', but MESHTUTOR_CONTEXT says 'prod'"):
        resolve.resolve("x", "context")


def test_a_damaged_record_is_no_record() -> None:
    Record("x", "context", "school", "student-07").save()
    (records.load("x").directory / "record.json").write_text("{")
    assert records.load("x") is None
