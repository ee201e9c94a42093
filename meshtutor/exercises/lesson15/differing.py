"""Patients in whom something happens, but not what is written."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Every, Shares, Within
from meshtutor.exercises.lesson08 import disturbed
from meshtutor.exercises.lesson10 import TWO_REGIONS
from meshtutor.exercises.outages import Settled
from meshtutor.exercises.task import Question, Task
from meshtutor.mesh import Mesh


def _europe_fails(mesh: Mesh) -> None:
    """Its pods take their time to say 503, so that retries do not hide that they are asked."""
    for pod in mesh.places("app=reviews").pods("europe"):
        mesh.disturb(pod, status=503, delay_ms=800)


TASKS: Final = (
    Task(  # istio#13144: "my bad", six days later
        name="15.14",
        title="The timeout does not time out",
        text="ratings takes 0.8 s today. Whoever waits for it shall get a 504 after 0.2 s, and the rule says so.",
        questions=(Question("requests for ratings", Every("504", by="status"), n=8, target="ratings"),),
        hints=(
            "`mesh.explain('ratings')` says which timeout the route has, and where it comes from.",
            "`mesh.get('vs', 'ratings')`: is the timeout there? What the API does not know it drops, with a warning.",
            "`timeout` belongs to the rule, beside `route`, and not to the destination in it.",
        ),
        prepare=disturbed("ratings", delay_ms=800),
    ),
    Task(  # percentages are percent: Istio's Percent is a double from 0 to 100
        name="15.15",
        title="Half of the requests shall fail, and hardly one does",
        text="Of the requests for ratings half shall fail with 503.",
        questions=(
            Question(
                "requests for ratings", Shares({"200": 50, "503": 50}, by="status"), 200, target="ratings"
            ),
        ),
        hints=("Read the number aloud, with its unit.", "`value: 0.5` is half a percent."),
    ),
    Task(  # istio#12961, #48084: locality settings are ignored where there is no outlierDetection
        name="15.16",
        title="The failover fails over nothing",
        text="The pods of reviews in Europe (v1 and v2) fail since this morning: 0.8 s, then a 503. For such a day "
        "there is a rule, from Europe to Brazil, and the pods there are well; yet client, in Europe, still gets 503. "
        "Two seconds after your rule every request shall be answered with 200, and nine of ten within 0.6 s.",
        # few at once, because what holds a busy machine up makes all late that are on their way
        questions=(Settled("requests for reviews", Within(0.6), n=60, concurrency=4),),
        hints=(
            "There is no flag: the pods in Europe say the 503 themselves. They are still asked.",
            "`mesh.explain('reviews')` lists the endpoints: all of them healthy, and none has a priority.",
            "`failover` says where to go, not when. Who counts the errors of a pod? `outlierDetection` does.",
            "All pods of Europe have to go, and they are half of all: `maxEjectionPercent` is 10 by default.",
        ),
        pods=(TWO_REGIONS,),
        prepare=_europe_fails,
    ),
)
