"""Exercises of 12 Mirror traffic."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.copies import Copies, none_of
from meshtutor.exercises.judges import Every
from meshtutor.exercises.lesson06 import SUBSETS
from meshtutor.exercises.task import Question, Task

_ANSWERED: Final = Question("requests for reviews", Every("v1"))
_THIRD: Final = Copies("copies of requests for reviews", Every("v1"), 300, dark="v2", share=0.3)
_READS: Final = Copies("copies of GET requests", Every("v1"), 100, dark="v3", share=1.0)

TASKS: Final = (
    Task(
        name="12.1",
        title="A shy version 2",
        text="Everybody is answered by v1 of reviews. Of the requests 30 % are copied to v2, whose answers nobody "
        "sees. The subsets v1, v2 and v3 are there already.",
        questions=(_ANSWERED, _THIRD),
        hints=(
            "Not two destinations with weights: one destination, and a `mirror` beside the `route`.",
            "`mirror` is a destination, with host and subset; the share has a field of its own.",
            "`mirrorPercentage: {value: ...}`, in percent.",
        ),
        given=SUBSETS,
    ),
    Task(
        name="12.2",
        title="Nothing twice",
        text="v1 of reviews answers everybody, and v3 gets a copy of every GET request. Whatever is not a GET may not "
        "happen twice: of POST and the rest there are no copies. The subsets are there already.",
        questions=(_ANSWERED, _READS, none_of(_READS, "copies of POST requests", "POST")),
        hints=(
            "A mirror belongs to a rule, and a rule can have a `match`.",
            "Two rules: one for `method: {exact: GET}` with a mirror, and below it one for the rest without.",
        ),
        given=SUBSETS,
    ),
)
