"""Exercises of 14 Use the Gateway API."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Every, Shares
from meshtutor.exercises.task import Question, Task

SERVICES: Final = ("14_use_the_gateway_api/services-per-version.yaml",)
_JASON: Final = {"end-user": "jason"}

TASKS: Final = (
    Task(
        name="14.1",
        title="A canary, without subsets",
        text="One request in four for reviews shall go to v3, the others to v1; for callers inside the mesh, by an "
        "HTTPRoute. The Services reviews-v1 and reviews-v3 are there already.",
        questions=(Question("requests for reviews", Shares({"v1": 3, "v3": 1}), n=400),),
        hints=(
            "Inside the mesh the parent is no Gateway but the Service that is called.",
            'A parent of kind Service wants its group, too: `group: ""`. Without it the route waits for a Gateway.',
            "Weights stand beside the backends: `backendRefs: [{name: ..., port: 9080, weight: 3}, ...]`.",
        ),
        given=SERVICES,
    ),
    Task(
        name="14.2",
        title="The specific and the general",
        text="Write one HTTPRoute for reviews: /reviews/1 and everything below it go to v3, Jason (header end-user) "
        "gets v3 wherever he goes, and all others get v1. The Services reviews-v1 and reviews-v3 are there already.",
        questions=(
            Question("/reviews/1", Every("v3"), path="/reviews/1"),
            Question("/reviews/0, sent by Jason", Every("v3"), path="/reviews/0", headers=_JASON),
            Question("/reviews/12", Every("v1"), path="/reviews/12"),
            Question("/reviews/0, sent by nobody in particular", Every("v1"), path="/reviews/0"),
        ),
        hints=(
            "Three matches, and two of them lead to the same place: `matches` is a list of alternatives.",
            "Conditions in one match must all hold; so Jason and the path are two items of the list.",
            "PathPrefix takes whole parts of a path: /reviews/1 does not take /reviews/12.",
        ),
        given=SERVICES,
    ),
)
