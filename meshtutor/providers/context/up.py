"""`meshtutor up --on context` and `down --on context`: the steps in their order, and the way back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from meshtutor.errors import ApiStatusError, LabError, NotFoundError, NotReadyError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.providers import kubeconfigs, records, steps
from meshtutor.providers.context import forwarder, ownership
from meshtutor.providers.context.checks import ClusterAnswers, IstioIsThere, RightsAreHeld
from meshtutor.providers.context.entrance import GatewayIsOwn, GatewayIsReached, PageAnswers
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
    """Look three times, then make; this list is the story."""
    return [
        ClusterAnswers(kube, record),
        RightsAreHeld(kube, record),
        IstioIsThere(kube, record),
        NamespaceIsOurs(kube, record),
        ApplicationIsApplied(kube, record),
        GatewayIsOwn(kube, record),
        IsReady(kube, record, said, _READY_SECONDS),
        GatewayIsReached(kube, record, said),
        PageAnswers(record),
    ]


def new_record(name: str, context: str, namespace: str = "") -> Record:
    """The lab as it is to be; LabError if the context is not named, not there, or another than before."""
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
    if namespace and not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", namespace):
        raise LabError(
            f"{namespace!r} cannot be a namespace's name.",
            "Lower case letters, digits and dashes: student-07",
        )
    return known or Record(name, "context", context, namespace or DEFAULT_NAMESPACE)


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
    removed = _remove_namespace(kube, record, said, clock() + timeout, clock) or _remove_objects(kube, record)
    records.unchoose(record.name, "context")
    record.forget()
    return removed


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


def _remove_namespace(
    kube: KubeClient, record: Record, said: Said, deadline: float, clock: Callable[[], float]
) -> list[str]:
    try:
        found = kube.get(kinds.NAMESPACE, record.namespace)
    except NotFoundError:
        return [f"namespace {record.namespace} (it was gone already)"]
    if (found["metadata"].get("labels") or {}).get(ownership.LABEL) != ownership.OURS:
        return []
    said({"command": f"kubectl --context {record.context} delete namespace {record.namespace}"})
    kube.delete(kinds.NAMESPACE, record.namespace)
    while _exists(kube, record.namespace):
        said({"waiting": f"waiting for namespace {record.namespace} to end"})
        if clock() > deadline:
            raise NotReadyError(
                f"Namespace {record.namespace} is still being deleted.",
                f"kubectl get namespace {record.namespace} -o yaml   # status says what it waits for",
            )
        time.sleep(0.5)
    return [f"namespace {record.namespace}"]


def _exists(kube: KubeClient, namespace: str) -> bool:
    try:
        kube.get(kinds.NAMESPACE, namespace)
    except NotFoundError:
        return False
    return True


def _remove_objects(kube: KubeClient, record: Record) -> list[str]:
    ours = [obj for obj in ownership.contents(kube, record.namespace) if ownership.is_ours(obj)]
    for obj in ours:
        kube.delete(kube.kind_of(obj), obj["metadata"]["name"], record.namespace)
    return [f"{obj['kind']} {record.namespace}/{obj['metadata']['name']}" for obj in ours]
