"""Exercises of 06 Split traffic."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Shares
from meshtutor.exercises.task import Question, Task

SUBSETS: Final = ("06_split_traffic/destination-rule.yaml",)

TASKS: Final = (
    Task(
        name="6.1",
        title="A canary",
        text="Version 2 of reviews is ready, and nobody has seen it yet. Give it 10 % of the requests and v1 the "
        "other 90 %; v3 gets none. The subsets v1, v2 and v3 are there already.",
        questions=(Question("requests for reviews", Shares({"v1": 90, "v2": 10}), n=400),),
        hints=(
            "You need one object: a VirtualService whose `hosts` has reviews.",
            "Two destinations of one route, each with host, subset and weight: `http: [{route: [...]}]`.",
            "A subset that gets nothing is simply not mentioned.",
        ),
        given=SUBSETS,
    ),
    Task(
        name="6.2",
        title="Twice as much",
        text="v2 is withdrawn. Of the two that are left v1 shall get exactly twice as much as v3, not 67 to 33 but "
        "2 to 1. The subsets v1, v2 and v3 are there already.",
        questions=(Question("requests for reviews", Shares({"v1": 2, "v3": 1}), n=500),),
        hints=(
            "Weights are whole numbers, so no pair of them that sums to 100 says 2 to 1.",
            "Nothing asks them to sum to 100: Envoy divides each weight by their sum.",
        ),
        given=SUBSETS,
    ),
)
