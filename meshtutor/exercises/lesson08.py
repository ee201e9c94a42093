"""Exercises of 08 Retry and time out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from meshtutor.exercises.judges import Mostly, Within
from meshtutor.exercises.task import Question, Task
from meshtutor.mesh import Mesh


def disturbed(pod: str, **switches: Any) -> Callable[[Mesh], None]:
    """What prepares a task by letting one instance of the application misbehave; `reset` heals it."""
    return lambda mesh: mesh.disturb(pod, **switches)


TASKS: Final = (
    Task(
        name="8.1",
        title="One pod of three is broken",
        text="The pod of reviews v2 answers everything with 503. Hardly anybody shall notice: of the requests for "
        "reviews at least 97 % are answered with 200. The pod stays broken.",
        questions=(Question("requests for reviews", Mostly("200"), n=120),),
        hints=(
            "A VirtualService for reviews with `retries` beside the `route`.",
            "Istio's default `retryOn` does not have the 503 of an application.",
            "`retries: {attempts: 2, retryOn: 5xx}`",
        ),
        prepare=disturbed("reviews-v2", status=503),
    ),
    Task(
        name="8.2",
        title="One pod of three is slow",
        text="The pod of reviews v3 takes 1.5 s for each answer, and a DestinationRule says that pods take turns, so "
        "it gets its third. Every request shall be answered with 200, and nine of ten within 0.8 s.",
        questions=(Question("requests for reviews", Within(0.8), n=45, concurrency=4),),
        hints=(
            "A timeout for the whole request gives a 504, and that is no 200.",
            "The limit has to be for each try, and there has to be another try.",
            "`retries: {attempts: 2, perTryTimeout: 300ms, retryOn: 5xx}`: a try that took too long counts as a 5xx.",
        ),
        # else least requests would leave it a ninth, and then nine of ten are in time as it is
        given=("09_balance_load/reviews-round-robin.yaml",),
        prepare=disturbed("reviews-v3", delay_ms=1500),
    ),
)
