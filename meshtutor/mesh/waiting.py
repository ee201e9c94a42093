"""Waiting until workloads are ready, with progress, a deadline, and a sentence when it passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import NotReadyError
from meshtutor.kube import rollouts
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import DEPLOYMENT, NAMESPACE, POD

_POLL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 6.0  # a container in trouble may yet come round, as when an image is slow to come
OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Readiness:
    """How far a namespace's workloads are; `waiting_for` is what the first unfinished one still needs."""

    ready: int
    total: int
    waiting_for: str = ""
    trouble: str = ""


def look(kube: KubeClient, namespace: str, names: set[str] | None = None) -> Readiness:
    """The state of a namespace's Deployments and lone pods (or of the named ones) now."""
    pods = kube.list(POD, namespace)
    waits = {d["metadata"]["name"]: _waits_for(d, pods) for d in kube.list(DEPLOYMENT, namespace)}
    waits |= {
        p["metadata"]["name"]: "" if rollouts.is_ready(p) else "it to become ready"
        for p in pods
        if _is_alone(p)
    }
    waits = {name: wait for name, wait in waits.items() if names is None or name in names}
    unfinished = {name: wait for name, wait in waits.items() if wait}
    first = next((f"{name}: {wait}" for name, wait in unfinished.items()), "")
    concerned = [pod for pod in pods if {_deployment_of(pod), pod["metadata"]["name"]} & set(unfinished)]
    return Readiness(len(waits) - len(unfinished), len(waits), first, rollouts.trouble(concerned))


def _waits_for(deployment: dict[str, Any], pods: list[dict[str, Any]]) -> str:
    """The rollout's state and the pods themselves: the status lags behind a pod that was just deleted."""
    if wait := rollouts.unfinished(deployment):
        return wait
    wanted = int(deployment["spec"].get("replicas", 1))
    mine = [pod for pod in pods if _deployment_of(pod) == deployment["metadata"]["name"]]
    missing = wanted - sum(map(rollouts.is_ready, mine))
    if missing > 0:
        return f"{missing} pods to become ready"
    leaving = [pod["metadata"]["name"] for pod in mine if pod["metadata"].get("deletionTimestamp")]
    if leaving:
        return f"{leaving[0]} to end"
    surplus = sum(not _is_over(pod) for pod in mine) - wanted
    return f"{surplus} pods to end" if surplus > 0 else ""


def _is_over(pod: dict[str, Any]) -> bool:
    """Whether its containers have ended for good; an evicted pod, for one, stays as a record."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def wait_ready(
    kube: KubeClient, namespace: str, names: set[str] | None = None, *, timeout: float = 60.0,
    on_progress: OnProgress | None = None, clock: Callable[[], float] = time.monotonic,
) -> Readiness:  # fmt: skip
    """Wait until every workload (or the named ones) is rolled out and no old pod is left; NotReadyError."""
    deadline = clock() + timeout
    troubled_since: float | None = None
    while True:
        state = look(kube, namespace, names)
        if not state.waiting_for:
            return state
        if on_progress:
            on_progress(state.ready, state.total, state.waiting_for)
        troubled_since = (troubled_since or clock()) if state.trouble else None
        if clock() > deadline or (troubled_since and clock() - troubled_since > _PATIENCE_SECONDS):
            raise _not_ready(state, namespace, timeout)
        time.sleep(_POLL_SECONDS)


def wait_gone(
    kube: KubeClient, namespaces: list[str], *, timeout: float = 60.0, on_progress: OnProgress | None = None
) -> None:
    """Wait until deleted namespaces, and with them their pods, are gone; NotReadyError."""
    deadline, left = time.monotonic() + timeout, set(namespaces)
    while left := left & {obj["metadata"]["name"] for obj in kube.list(NAMESPACE)} if left else left:
        if on_progress:
            on_progress(len(namespaces) - len(left), len(namespaces), f"namespace {min(left)} to end")
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"Namespace {min(left)} did not end within {timeout:g} s.", f"kubectl get all -n {min(left)}"
            )
        time.sleep(_POLL_SECONDS)


def _not_ready(state: Readiness, namespace: str, timeout: float) -> NotReadyError:
    if state.trouble:
        pod = state.trouble.split("/", 1)[0]
        return NotReadyError(f"Pod {state.trouble}", f'mesh.logs("{pod}") shows what it printed')
    return NotReadyError(
        f"Not ready in namespace {namespace} after {timeout:g} s; still waiting for {state.waiting_for}.",
        "mesh.pods() shows each pod, mesh.logs(POD) what it printed",
    )


def _is_alone(pod: dict[str, Any]) -> bool:
    return not pod["metadata"].get("ownerReferences")


def _deployment_of(pod: dict[str, Any]) -> str:
    """The Deployment a pod belongs to, by the name that its ReplicaSet gives it: NAME-HASH-SUFFIX."""
    return str(pod["metadata"]["name"]).rsplit("-", 2)[0]
