"""YAML as it is shown."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.display.yaml import changed_lines, dump, listing
from meshtutor.errors import ManifestError

TEXT = "kind: A  # a <comment>\nspec:\n  weight: 70\n  host: reviews\n"


def test_marks_by_number_and_by_text():
    shown = listing(TEXT, [1, "weight:"])
    assert shown.marked == {1, 3}
    assert repr(shown).splitlines() == [
        "▶ kind: A  # a <comment>",
        "  spec:",
        "▶   weight: 70",
        "    host: reviews",
    ]


def test_html_marks_the_same_lines_and_escapes():
    html = listing(TEXT, ["weight:"])._repr_html_()
    assert html.count("border-left:3px solid #E69F00") == 1
    assert "&lt;comment&gt;" in html
    assert html.count("<div") == 4


def test_colours_follow_the_theme_of_the_reader():
    html = listing(TEXT)._repr_html_()
    assert "var(--jp-mirror-editor-comment-color" in html
    assert "background:white" not in html


def test_only_what_changed_is_marked():
    assert changed_lines("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 5\nc: 3\nd: 4\n") == {2, 4}
    assert changed_lines("a: 1\n", "a: 1\n") == frozenset()


def test_objects_are_written_as_people_write_them():
    shared = {"a": 1}
    assert dump({"kind": "X", "spec": {"list": [shared, shared]}}) == (
        "kind: X\nspec:\n  list:\n  - a: 1\n  - a: 1\n"
    )


def test_show_takes_paths_text_and_objects(tmp_path):
    (tmp_path / "a.yaml").write_text("kind: A\n")
    (tmp_path / "b.yaml").write_text("kind: B\n")
    assert str(mt.show(tmp_path)) == "kind: A\n---\nkind: B\n"
    assert str(mt.show("kind: C\nx: 1\n")) == "kind: C\nx: 1\n"
    assert str(mt.show([{"kind": "D"}, {"kind": "E"}])) == "kind: D\n---\nkind: E\n"
    with pytest.raises(ManifestError, match="neither a file"):
        mt.show("nowhere.yaml")
