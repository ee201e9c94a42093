"""The study in a learner's folder: brought up to date, never over the learner's own changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtutor.providers.copies import copy_study

NOTEBOOK = "notebooks/00_start_here.ipynb"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, text in ((NOTEBOOK, "first"), ("manifests/bookinfo/app.yaml", "kind: List")):
        (tmp_path / "source" / name).parent.mkdir(parents=True)
        (tmp_path / "source" / name).write_text(text)
    return tmp_path / "source"


def test_everything_is_copied_into_an_empty_folder(source, tmp_path):
    written, kept = copy_study(source, tmp_path / "mine")
    assert sorted(written) == ["manifests/bookinfo/app.yaml", NOTEBOOK]
    assert kept == []
    assert (tmp_path / "mine" / NOTEBOOK).read_text() == "first"


def test_a_second_copy_writes_nothing(source, tmp_path):
    copy_study(source, tmp_path / "mine")
    assert copy_study(source, tmp_path / "mine") == ([], [])


def test_a_changed_file_is_kept_when_a_new_version_comes(source, tmp_path):
    copy_study(source, tmp_path / "mine")
    (tmp_path / "mine" / NOTEBOOK).write_text("my notes")
    (source / NOTEBOOK).write_text("second")
    assert copy_study(source, tmp_path / "mine") == ([], [NOTEBOOK])
    assert (tmp_path / "mine" / NOTEBOOK).read_text() == "my notes"


def test_an_unchanged_file_follows_a_new_version(source, tmp_path):
    copy_study(source, tmp_path / "mine")
    (source / NOTEBOOK).write_text("second")
    assert copy_study(source, tmp_path / "mine") == ([NOTEBOOK], [])
    assert (tmp_path / "mine" / NOTEBOOK).read_text() == "second"


def test_a_file_that_was_there_before_is_not_overwritten(source, tmp_path):
    (tmp_path / "mine" / "notebooks").mkdir(parents=True)
    (tmp_path / "mine" / NOTEBOOK).write_text("somebody else's")
    assert copy_study(source, tmp_path / "mine") == (["manifests/bookinfo/app.yaml"], [NOTEBOOK])
