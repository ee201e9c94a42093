"""Exercises of 09 Balance load."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import OnePod, Pods, Sparing
from meshtutor.exercises.lesson08 import disturbed
from meshtutor.exercises.task import Question, Task

TASKS: Final = (
    Task(
        name="9.1",
        title="Everybody has a favourite",
        text="A reader's requests for reviews carry the header `end-user`. Those of one reader shall always be "
        "answered by the same pod, and requests without a name by any of the three.",
        questions=(
            *(
                Question(f"the requests of {name}", OnePod(), headers={"end-user": name})
                for name in ("alice", "bob", "carol")
            ),
            Question("requests of nobody in particular", Pods(3), n=60, control=True),
        ),
        hints=(
            "A DestinationRule for reviews, with `trafficPolicy.loadBalancer`.",
            "Not `simple` but `consistentHash`: which of its keys is in these requests?",
            "`consistentHash: {httpHeaderName: end-user}`",
        ),
    ),
    Task(
        name="9.2",
        title="A fair share is too much",
        text="The pod of reviews v3 takes 0.4 s for each answer, and somebody has asked for ROUND_ROBIN once. Twelve "
        "callers are at work at any time. v3 shall get at most a quarter of their requests, but not none: it may get "
        "well again.",
        questions=(Question("requests for reviews", Sparing("v3", 0.25), n=360, concurrency=12),),
        hints=(
            "The DestinationRule is there already: `mesh.get('dr', 'reviews')`. Apply one of the same name.",
            "Turns and dice know nothing of how busy a pod is.",
            "`loadBalancer: {simple: LEAST_REQUEST}`, which is what Istio would have done by itself.",
        ),
        given=("09_balance_load/reviews-round-robin.yaml",),
        prepare=disturbed("reviews-v3", delay_ms=400),
    ),
)
