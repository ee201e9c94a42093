"""Patients whose rule is there, and nothing happens."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Every
from meshtutor.exercises.lesson06 import SUBSETS
from meshtutor.exercises.task import Question, Task
from meshtutor.mesh import Mesh

_CALLER: Final = "productpage-v1"


def _label_without_restart(mesh: Mesh) -> None:
    """A namespace that was labelled after its pods were made; one of them has been replaced since by nobody."""
    mesh.label("namespace", mesh.namespace, dict.fromkeys(mesh.provider.injection))
    mesh.restart(_CALLER)
    mesh.label("namespace", mesh.namespace, dict(mesh.provider.injection))


TASKS: Final = (
    Task(  # istio#9268, #5843: weights "not observed", because the rule was for another host
        name="15.1",
        title="I sent everything to v1, and v2 and v3 still answer",
        text="The rule was taken without a word. Every request for reviews shall be answered by v1.",
        questions=(Question("requests for reviews", Every("v1")),),
        hints=(
            "`mesh.explain('reviews')` names the object that decided. Is it the one you applied?",
            "Nothing decided: no rule is for the host that is called. Compare it with `hosts`, letter by letter.",
            "The host in `hosts` is review; the Service is reviews.",
        ),
        given=SUBSETS,
    ),
    Task(  # istio#7369, #27080, #12960: works at the ingress, not between pods
        name="15.2",
        title="My rule works for everybody but the pods",
        text="reviews shall be v1 for every caller inside the mesh. The rule even names the gateway, to be sure.",
        questions=(Question("requests of the client pod", Every("v1")),),
        hints=(
            "`mesh.explain('reviews')` again: the sidecar of the caller has no rule for reviews. Which proxy has?",
            "`gateways` says which proxies get the rule. Where it is absent, that is all sidecars.",
            "The sidecars have a name that can be listed among the gateways: mesh.",
        ),
        given=SUBSETS,
    ),
    Task(  # the order of rules; istioctl says it as IST0130
        name="15.3",
        title="jason gets what everybody gets",
        text="Requests of the user jason shall be answered by v3, all others by v1.",
        questions=(
            Question("requests of jason", Every("v3"), headers={"end-user": "jason"}),
            Question("requests of others", Every("v1"), control=True),
        ),
        hints=(
            '`mesh.explain("reviews", headers={"end-user": "jason"})` shows which rule won, and which lost.',
            "The first rule that matches takes the request, and a rule without a match takes all.",
        ),
        given=SUBSETS,
    ),
    Task(  # a regex must match the whole value (RE2, full match), unlike grep's
        name="15.4",
        title="My regular expression matches nobody",
        text="Users whose name begins with jas (jason, jasmin) shall see v3, all others v1.",
        questions=(
            Question("requests of jason", Every("v3"), headers={"end-user": "jason"}),
            Question("requests of jasmin", Every("v3"), headers={"end-user": "jasmin"}),
            Question("requests of mary", Every("v1"), headers={"end-user": "mary"}, control=True),
        ),
        hints=(
            '`mesh.explain("reviews", headers={"end-user": "jason"})`: why did the first rule lose?',
            "Envoy's regular expressions have to match the whole value, not a part of it.",
            "`prefix: jas` says it without an expression; `jas.*` with one.",
        ),
        given=SUBSETS,
    ),
    Task(  # istio.io PR 5291: "you enabled auto-injection but did not restart your pods"; istio#51327
        name="15.5",
        title="One caller ignores every rule",
        text="reviews is v1 by a rule, and the client sees v1. For the same call from productpage it is any version. "
        "The namespace is labelled for injection. This one is mended by hand: write the call of `mesh` that does it.",
        questions=(
            Question("requests of productpage", Every("v1"), from_pod="productpage"),
            Question("requests of the client", Every("v1"), control=True),
        ),
        hints=(
            "Rules live in the caller's sidecar. `mesh.pods()` shows how many containers of each pod are ready.",
            "The label is heeded when a pod is made, and this pod is older than the label.",
            "`mesh.restart(...)` replaces the pods of one Deployment.",
        ),
        given=SUBSETS,
        prepare=_label_without_restart,
        by_hand=True,
    ),
    Task(  # IST0109: on a host inside the mesh only the oldest rule counts
        name="15.6",
        title="The second rule for the same host does nothing",
        text="Another team's rule sends all to v1. Yours, beside it, sends jason to v3. jason shall see v3.",
        questions=(
            Question("requests of jason", Every("v3"), headers={"end-user": "jason"}),
            Question("requests of others", Every("v1"), control=True),
        ),
        hints=(
            "`mesh.analyze()` has a code for it.",
            "For a host inside the mesh Istio does not merge VirtualServices: the oldest one counts.",
            "Put both rules into the older object, all-to-v1, the special one first.",
        ),
        given=SUBSETS,
    ),
)
