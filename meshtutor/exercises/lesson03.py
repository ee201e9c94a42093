"""Exercises of 03 See the mesh: find the workload that fails, and the one that is slow."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.mystery import Case
from meshtutor.exercises.symptoms import FailedCalls, SlowPages

_BEHIND_THE_PAGE: Final = ("details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3")

TASKS: Final = (
    Case(
        name="3.1",
        title="Who fails?",
        text="Users complain: parts of the page are missing, now and then. The page itself is always a 200. "
        'One workload fails with 5xx. Which one? Metrics alone will tell. `mt.exercises["3.1"].begin()` breaks it; '
        "the answer is a name such as `reviews-v2`.",
        questions=(),
        hints=(
            "`sum by (...) (rate(istio_requests_total{...}[30s]))`: by what, and with which codes?",
            "4xx says that the caller asked for nonsense. 5xx says that the callee failed.",
            'By `destination_workload`, with `response_code=~"5..", reporter="source"`: who was called when it failed?',
        ),
        suspects=_BEHIND_THE_PAGE,
        fault={"status": 503, "share": 0.5},
        symptom=FailedCalls(),
        noise=True,
    ),
    Case(
        name="3.2",
        title="Who is slow?",
        text="Some pages take most of a second, others a few milliseconds. One workload is slow, for half of its "
        'requests. Which one? Look at the trace of a slow page. `mt.exercises["3.2"].begin()` breaks it; the answer '
        "is a name such as `reviews-v2`.",
        questions=(),
        hints=(
            "`mesh.traces` finds the pages that took longest. In one of them, who was waited for?",
            "The longest bar is always the first: it waits for all the others. The critical path says for whom.",
            'The span at the end of the critical path is the one: `trace.waited_for("pod")` adds it up.',
        ),
        given=("03_see_the_mesh/trace-everything.yaml",),
        suspects=("productpage-v1", *_BEHIND_THE_PAGE),
        fault={"delay_ms": 700, "share": 0.5},
        symptom=SlowPages(600),
    ),
)
