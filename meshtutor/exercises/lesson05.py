"""Exercises of 05 Match requests."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Every
from meshtutor.exercises.task import Question, Task

SUBSETS: Final = ("06_split_traffic/destination-rule.yaml",)
_JASON: Final = {"end-user": "jason"}
_TESTER: Final = {"end-user": "tester"}
_PREVIEW: Final = "/reviews/0?preview=true"

TASKS: Final = (
    Task(
        name="5.1",
        title="One user sees the new version",
        text="Requests of the user jason (header `end-user: jason`) are answered by v3, those of everybody else by "
        "v1. jasmin is somebody else. The subsets v1, v2 and v3 are there already.",
        questions=(
            Question("requests of jason", Every("v3"), headers=_JASON),
            Question("requests of nobody in particular", Every("v1")),
            Question("requests of jasmin", Every("v1"), headers={"end-user": "jasmin"}),
        ),
        hints=(
            "Two rules in the `http` list: one with a `match`, and one without for everybody else.",
            "The first rule that matches takes the request. Which of the two has to be above?",
            "`match: [{headers: {end-user: {exact: ...}}}]`",
        ),
        given=SUBSETS,
    ),
    Task(
        name="5.2",
        title="This and that, or that",
        text="v2 answers two kinds of requests: those of the user tester for a path that begins with /reviews, and "
        "those of anybody that carry the query parameter preview=true. v1 answers everything else. The subsets v1, "
        "v2 and v3 are there already.",
        questions=(
            Question("tester, /reviews/0", Every("v2"), headers=_TESTER),
            Question("anybody, /reviews/0?preview=true", Every("v2"), path=_PREVIEW),
            Question("tester, /health", Every("v1"), path="/health", headers=_TESTER),
            Question("anybody, /reviews/0", Every("v1")),
            Question("anybody, /reviews/0?preview=false", Every("v1"), path="/reviews/0?preview=false"),
        ),
        hints=(
            "What stands in one entry of `match` must all be true; of several entries one is enough.",
            "So `match` needs two entries: one with `uri` and `headers`, one with `queryParams`.",
            '`queryParams: {preview: {exact: "true"}}`: with quotes, because YAML\'s bare true is no text.',
        ),
        given=SUBSETS,
    ),
)
