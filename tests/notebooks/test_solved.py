"""Each notebook with exercises, executed with the reference answers in the learner's cells: all Correct.

That the notebooks run as shipped is nbmake's to test; that each exercise cell is then "not attempted" is tested here.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from meshtutor.exercises import BOOK, answers

FOLDER = Path(__file__).parents[2] / "notebooks"
EXERCISE = re.compile(r"%%exercise (\S+)\n# Write your \w+ here\.\s*")


def names(path: Path) -> list[str]:
    """The exercises whose cells are in a notebook, as they are shipped."""
    cells = nbformat.read(path, as_version=4).cells
    return [found[1] for cell in cells if (found := EXERCISE.fullmatch(cell.source))]


WITH_EXERCISES = [path for path in sorted(FOLDER.glob("*.ipynb")) if names(path)]


def solved(path: Path) -> nbformat.NotebookNode:
    """The notebook as a learner leaves it who has solved everything."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if found := EXERCISE.fullmatch(cell.source):
            cell.source = f"%%exercise {found[1]}\n{answers.reference(found[1])}"
    return notebook


def verdicts(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What each exercise cell returned (a progress bar that was there for a while is another output)."""
    cells = [cell for cell in notebook.cells if cell.source.startswith("%%exercise")]
    return {
        cell.source.split()[1]: "\n".join(
            o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result"
        )
        for cell in cells
    }


def execute(notebook: nbformat.NotebookNode) -> dict[str, str]:
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    return verdicts(notebook)


def is_correct(name: str, text: str) -> bool:
    return text.startswith(f"✓ {name} Correct.")


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_solved_every_exercise_is_correct(lab, path):
    said = execute(solved(path))
    assert list(said) == names(path)
    for name, text in said.items():
        assert is_correct(name, text), text


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_as_shipped_no_exercise_is_attempted_and_nothing_fails(lab, path):
    for name, text in execute(nbformat.read(path, as_version=4)).items():
        assert text.startswith(f"○ {name} Not attempted."), text


def test_every_exercise_has_its_cell_in_its_lesson():
    assert [name for path in WITH_EXERCISES for name in names(path)] == list(BOOK)
    for path in WITH_EXERCISES:
        assert {name.split(".")[0] for name in names(path)} == {str(int(path.stem[:2]))}
