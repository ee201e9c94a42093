"""All exercises, in the order of the lessons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from meshtutor.display import html, text
from meshtutor.errors import MeshtutorError
from meshtutor.exercises import (
    lesson03,
    lesson05,
    lesson06,
    lesson07,
    lesson08,
    lesson09,
    lesson10,
    lesson11,
    lesson12,
    lesson13,
    lesson14,
    lesson15,
)
from meshtutor.exercises.exercise import Exercise
from meshtutor.exercises.mystery import Case, Mystery
from meshtutor.exercises.task import Task
from meshtutor.mesh import Mesh


class Book(Mapping[str, Exercise]):
    """Exercises by name (`"6.1"`); iterating gives the names."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._exercises = {task.name: _exercise(task) for task in tasks}

    def __getitem__(self, name: str) -> Exercise:
        """An exercise; MeshtutorError names those there are."""
        if name not in self._exercises:
            raise MeshtutorError(f"There is no exercise {name!r}.", f"There are: {', '.join(self)}")
        return self._exercises[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._exercises)

    def __len__(self) -> int:
        return len(self._exercises)

    def connect(self, mesh: Mesh) -> None:
        """The mesh on which exercises are checked from now on."""
        for exercise in self._exercises.values():
            exercise.mesh = mesh

    def __repr__(self) -> str:
        return text.columns(
            [(e.verdict.sign, e.task.name, e.task.title, _state(e)) for e in self._exercises.values()],
            indent="",
        )

    def _repr_html_(self) -> str:
        rows = [(e.verdict.sign, e.task.name, e.task.title, _state(e)) for e in self._exercises.values()]
        return html.table(("", "exercise", "task", "state"), rows)


def _exercise(task: Task) -> Exercise:
    return Mystery(task) if isinstance(task, Case) else Exercise(task)


def _state(exercise: Exercise) -> str:
    return type(exercise.verdict).state.removesuffix(", because ").removesuffix(". ")


LESSONS: Final = (
    lesson03,
    lesson05,
    lesson06,
    lesson07,
    lesson08,
    lesson09,
    lesson10,
    lesson11,
    lesson12,
    lesson13,
    lesson14,
    lesson15,
)
BOOK: Final = Book(task for lesson in LESSONS for task in lesson.TASKS)
