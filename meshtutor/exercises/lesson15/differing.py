"""Patients in whom something happens, but not what is written."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Every, Shares
from meshtutor.exercises.lesson08 import disturbed
from meshtutor.exercises.task import Question, Task

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
)
