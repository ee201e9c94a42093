"""Exercises of 07 Inject faults."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Delayed, Every, Prompt, Shares
from meshtutor.exercises.task import Question, Task

_JASON: Final = {"end-user": "jason"}

TASKS: Final = (
    Task(
        name="7.1",
        title="70 % OK, 30 % not",
        text="Of the requests for ratings 30 % fail with status 503; the others are answered as always. reviews itself "
        "must not fail.",
        questions=(
            Question(
                "requests for ratings", Shares({"200": 70, "503": 30}, by="status"), 300, target="ratings"
            ),
            Question("requests for reviews", Every("200", by="status"), control=True),
        ),
        hints=(
            "A VirtualService for the host ratings, with a `fault` beside the `route`.",
            "`abort` has `httpStatus` and `percentage: {value: ...}`.",
            "The value is in percent: 30, not 0.3.",
        ),
    ),
    Task(
        name="7.2",
        title="Slow, for one user only",
        text="Is the page still usable when ratings are slow? Try it without annoying anybody: every request of the "
        "user jason for ratings waits 0.6 s; everybody else's is as quick as ever.",
        questions=(
            Question("requests of jason", Delayed(0.6), 16, target="ratings", headers=_JASON),
            Question("requests of others", Prompt(0.4), 40, target="ratings", control=True),
        ),
        hints=(
            "Faults belong to a rule, and a rule can have a `match`.",
            "Two rules: jason's, with `fault.delay`, above the one for everybody else. Both need a `route`.",
            "`delay: {percentage: {value: 100}, fixedDelay: 600ms}`",
        ),
    ),
)
