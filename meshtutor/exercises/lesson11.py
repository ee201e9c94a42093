"""Exercises of 11 Break circuits."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Exactly, Mostly
from meshtutor.exercises.lesson08 import disturbed
from meshtutor.exercises.task import Question, Task

TASKS: Final = (
    Task(
        name="11.1",
        title="Three, and not one more",
        text="ratings takes 0.7 s today, and bears three requests of one caller at a time. Of ten that come at once "
        "from the client exactly three are answered, one after the other; seven are refused at once with 503.",
        questions=(
            Question("a first request, on its own", Mostly("200", 1.0), n=1, target="ratings", control=True),
            Question("ten at once", Exactly(3), n=10, target="ratings", concurrency=10),
        ),
        hints=(
            "A DestinationRule for ratings, with `trafficPolicy.connectionPool`.",
            "`tcp.maxConnections` bounds those in flight, `http.http1MaxPendingRequests` those that wait.",
            "One in flight and two that wait are three.",
        ),
        prepare=disturbed("ratings", delay_ms=700),
    ),
    Task(
        name="11.2",
        title="Out with it",
        text="The pod of reviews v2 answers everything with 503. It shall be ejected soon, and for half a minute: of "
        "150 requests at least 90 % succeed. No retries.",
        questions=(Question("requests for reviews", Mostly("200", 0.9), n=150),),
        hints=(
            "A DestinationRule for reviews, with `trafficPolicy.outlierDetection`.",
            "`consecutive5xxErrors` says how many in a row are too many, `baseEjectionTime` how long it is out.",
            "How many pods may be out at once? `maxEjectionPercent` is 10 by default, and there are three pods.",
        ),
        prepare=disturbed("reviews-v2", status=503),
    ),
)
