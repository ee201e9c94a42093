"""`meshtutor up --on context` and `down --on context`: the steps in their order, and the way back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from meshtutor.errors import ApiStatusError, LabError
from meshtutor.kube.client import KubeClient
from meshtutor.providers import kubeconfigs, records, steps
from meshtutor.providers.context import forwarder, removing, rights, writing
from meshtutor.providers.context.checks import ClusterAnswers, IstioIsThere, RightsAreHeld
from meshtutor.providers.context.choosing import GatewayIsChosen
from meshtutor.providers.context.entrance import GatewayIsOwn, GatewayIsReached, PageAnswers
from meshtutor.providers.context.lacks import LacksAreTold
from meshtutor.providers.context.preparing import ApplicationIsApplied, IsReady, NamespaceIsOurs
from meshtutor.providers.context.provider import refresh
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said, Step

DEFAULT_NAMESPACE: Final = "meshtutor"
RESUME: Final = (
    "The same command goes on from here; meshtutor status shows what is there, meshtutor down removes it."
)
_READY_SECONDS: Final = 600.0


def the_steps(kube: KubeClient, record: Record, said: Said) -> list[Step]:
    """Look five times, then make; this list is the story."""
    reviews = rights.Reviews(kube)
    return [
        ClusterAnswers(kube, record),
        RightsAreHeld(kube, record, reviews),
        IstioIsThere(kube, record),
        GatewayIsChosen(kube, record, said),
        LacksAreTold(kube, record, said, reviews),
        NamespaceIsOurs(kube, record, said),
        ApplicationIsApplied(kube, record, said),
        GatewayIsOwn(kube, record, said),
        IsReady(kube, record, said, _READY_SECONDS),
        GatewayIsReached(kube, record, said),
        PageAnswers(record),
    ]


def new_record(name: str, context: str, namespace: str = "", chosen_gateway: str = "") -> Record:
    """The lab as it is to be; LabError if the context is not named, not there, or another than before.

    `chosen_gateway`: NAMESPACE/SERVICE of the gateway to use; one that fits is sought without.
    """
    known = records.load(name)
    context = context or (known.context if known else "")
    if not context:
        there = ", ".join(kubeconfigs.contexts()) or "none"
        raise LabError(
            "Which cluster? --on context needs a context's name; it takes none silently.",
            f"meshtutor up --on context --context NAME   # contexts here: {there}",
        )
    if known and (known.provider, known.context) != ("context", context):
        raise LabError(
            f"The lab {name!r} is on {known.provider} {known.context!r} already.",
            f"meshtutor down --name {name}; or another lab: --name OTHER",
        )
    if known and namespace and namespace != known.namespace:
        raise LabError(
            f"The lab {name!r} has the namespace {known.namespace!r}.",
            f"meshtutor down --name {name}; or another lab: --name OTHER --namespace {namespace}",
        )
    if namespace and not _is_name(namespace):
        raise LabError(
            f"{namespace!r} cannot be a namespace's name.",
            "Lower case letters, digits and dashes: student-07",
        )
    record = known or Record(name, "context", context, namespace or DEFAULT_NAMESPACE)
    _choose_gateway(record, chosen_gateway)
    return record


def _choose_gateway(record: Record, chosen: str) -> None:
    if not chosen or chosen == record.options.get("wanted_gateway"):
        return
    if not all(map(_is_name, chosen.partition("/")[::2])):
        raise LabError(
            f"--gateway {chosen}: expected NAMESPACE/SERVICE.", "--gateway istio-system/istio-ingressgateway"
        )
    record.options["wanted_gateway"] = chosen
    record.options.pop("gateway", None)


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text) is not None


def up(record: Record, said: Said) -> Record:
    """Do what is not done yet. MeshtutorError names the step that could not be done."""
    refresh(record)
    try:
        steps.run_all(the_steps(_client(record), record, said), said, RESUME)
    finally:
        if not record.made:
            record.forget()  # only looked so far: nothing is to be remembered
    record.save()
    records.choose(record.name, "context")
    return record


def plan(record: Record) -> list[tuple[str, list[str]]]:
    """For `--dry-run`: what kubectl would be told; the context's file is read, the cluster is not asked."""
    refresh(record)
    try:
        return steps.plan(the_steps(_client(record), record, lambda _: None))
    finally:
        if not record.made:
            record.forget()


def down(
    record: Record, said: Said, clock: Callable[[], float] = time.monotonic, timeout: float = 120.0
) -> list[str]:
    """Remove what we made: the namespace if it is ours, else our objects in it; what was removed."""
    refresh(record)
    kube = _client(record)
    forwarder.end_all(record.directory)
    removed = removing.removals(kube, record)
    writing.carry_out((removal.write for removal in removed), said)
    if any(removal.is_namespace for removal in removed):
        removing.wait_gone(kube, record.namespace, said, clock() + timeout, clock)
    records.unchoose(record.name, "context")
    record.forget()
    gone = [] if removed else removing.gone_already(kube, record)
    return [name for removal in removed for name in removal.names] or gone


def plan_down(record: Record) -> list[str]:
    """For `down --dry-run`: the commands for what is there now; nothing is removed."""
    refresh(record)
    return [str(removal.write.command) for removal in removing.removals(_client(record), record)]


def state(record: Record) -> list[tuple[str, bool]]:
    """For `status`: each step, and whether it is done now."""
    refresh(record)
    return [(step.name, _is_done(step)) for step in the_steps(_client(record), record, lambda _: None)]


def _client(record: Record) -> KubeClient:
    return KubeClient.from_kubeconfig(record.kubeconfig, record.context)


def _is_done(step: Step) -> bool:
    try:
        return step.is_done()
    except (LabError, ApiStatusError):
        return False
