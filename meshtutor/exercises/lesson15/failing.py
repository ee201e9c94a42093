"""Patients whose requests fail although every application is well."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Every, Shares
from meshtutor.exercises.lesson08 import disturbed
from meshtutor.exercises.task import Question, Task

_JASON: Final = {"end-user": "jason"}

TASKS: Final = (
    Task(  # istio#6335, #7627: pages fail because the subset was never defined
        name="15.7",
        title="Half of my canary is 503",
        text="v1 and v2 shall have half of the requests for reviews each. The pods of v2 are well; ask them.",
        questions=(
            Question("requests for reviews", Every("200", by="status")),
            Question("their versions", Shares({"v1": 50, "v2": 50}), n=100),
        ),
        hints=(
            "`mesh.send('reviews')` says who answers the 503: nobody, and the flag is NC.",
            'NC is "no cluster": the route names a subset that no DestinationRule defines. `mesh.analyze()` names it.',
            "Add v2 to the subsets of the DestinationRule reviews.",
        ),
    ),
    Task(  # a subset selects pods by their labels, and labels are text, case and all
        name="15.8",
        title="503, and the pods are all there",
        text="reviews shall be v2. The subset is defined, the pods are ready, and every request fails.",
        questions=(Question("requests for reviews", Every("v2")),),
        hints=(
            "The flag is UH this time: the cluster exists, and has no healthy endpoint.",
            '`mesh.explain("reviews")` shows a cluster without endpoints. Whom does the subset ask for?',
            "`mesh.analyze()` says which labels the pods have.",
            "The subset asks for `version: V2`; the pods have v2.",
        ),
    ),
    Task(  # istio.io "route rules don't seem to affect ...": a match without a rule for the rest
        name="15.9",
        title="Since my rule for jason, nobody else can see the ratings",
        text="jason's requests have a rule of their own. All others shall be answered as before.",
        questions=(
            Question("requests of others", Every("200", by="status"), target="ratings"),
            Question(
                "requests of jason", Every("200", by="status"), target="ratings", headers=_JASON, control=True
            ),
        ),
        hints=(
            "404, nobody answered, flag NR: no route. A host with rules has no others than these.",
            "`mesh.explain('ratings')` shows the rule that lost, and why.",
            "Add a rule without a match below it.",
        ),
    ),
    Task(  # IST0101; a gateway that does not exist keeps a rule out of every proxy
        name="15.10",
        title="The page is gone",
        text="http://localhost:8000/productpage was there this morning. It shall be there again.",
        questions=(
            Question(
                "requests for the page", Every("200", by="status"), 20, target="gateway", path="/productpage"
            ),
        ),
        hints=(
            '404 with the flag NR, from the gateway. `mesh.explain(mesh.gateway + "/productpage")` says what it has.',
            "The Gateway opens the port; the VirtualService says what is behind it, and names the Gateway.",
            "`mesh.analyze()` knows a Gateway by that name? It does not.",
        ),
    ),
    Task(  # a rewrite of a prefix keeps what comes after it
        name="15.11",
        title="Below /shop the application answers 404",
        text="The shop shall be reached at /shop/productpage as well, and as before at /productpage.",
        questions=(
            Question(
                "requests for /shop/productpage",
                Every("200", by="status"),
                20,
                target="gateway",
                path="/shop/productpage",
            ),
            Question(
                "requests for /productpage",
                Every("200", by="status"),
                20,
                target="gateway",
                path="/productpage",
                control=True,
            ),
        ),
        hints=(
            "404, and no flag: the application itself says so. What did it get?",
            "A rewrite replaces what the prefix matched and keeps the rest; `mesh.explain` shows the path it makes.",
            "Match `/shop/` and rewrite it to `/`.",
        ),
    ),
    Task(  # circuit breakers left from a load test: istio.io#7074, redhat-scholars#6
        name="15.12",
        title="Under load a part of the requests is 503",
        text="One request at a time is fine. With eight callers many are refused, and ratings is bored. None shall be.",
        questions=(Question("requests for ratings", Every("200", by="status"), n=48, target="ratings"),),
        hints=(
            "The flag is UO: overflow. A limit was reached, and it is in the caller's sidecar.",
            "`mesh.get('dr')` shows what limits there are.",
            "Eight at once need eight connections, or places to wait: `http1MaxPendingRequests`.",
        ),
        prepare=disturbed("ratings", delay_ms=50),
    ),
    Task(  # istio#20928, #25160, #13705: a fault and retries in one rule
        name="15.13",
        title="Five retries, and 30 % still fail",
        text="Requests for ratings shall all succeed, and the retries shall stay in the rule.",
        questions=(Question("requests for ratings", Every("200", by="status"), n=120, target="ratings"),),
        hints=(
            "Who fails them? The flag is FI.",
            "A fault of yesterday's test is still in the rule, and it answers before the router, which would retry.",
        ),
    ),
)
