"""Waiting for Deployments of a real cluster, where images come slowly: with progress, a deadline, and the reason.

An image that cannot be pulled may come round (a registry that limits pulls, a wifi that drops), so trouble must
last `PATIENCE_SECONDS` before it ends the wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from meshtutor.errors import NotReadyError
from meshtutor.kube.kinds import DEPLOYMENT, POD, Kind
from meshtutor.providers import pods

PATIENCE_SECONDS: Final = 45.0
_POLL_SECONDS: Final = 1.0
Said = Callable[[dict[str, Any]], None]


class Lister(Protocol):
    """Whatever can list objects: `kube.client.KubeClient`, or kubectl."""

    def list(
        self, kind: Kind, namespace: str = "", labels: str = "", fields: str = ""
    ) -> list[dict[str, Any]]:
        """The objects of a kind."""
        ...


def unready(cluster: Lister, namespace: str) -> tuple[list[str], str]:
    """What the namespace's Deployments still need, and what is wrong there; one that has none needs them all."""
    deployments = cluster.list(DEPLOYMENT, namespace)
    needs = pods.waiting_for(deployments)
    if not deployments:
        return [f"any Deployment in namespace {namespace}"], ""
    wrong = pods.trouble(deployments, cluster.list(POD, namespace)) if needs else ""
    return needs, wrong


def wait_ready(
    cluster: Lister,
    namespace: str,
    said: Said,
    timeout: float = 600.0,
    *,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until every Deployment of the namespace is rolled out; NotReadyError names the first that is not."""
    deadline, troubled_since = clock() + timeout, None
    while True:
        needs, wrong = unready(cluster, namespace)
        if not needs:
            return
        said({"waiting": f"waiting for {', '.join(needs[:3])}{' ...' if len(needs) > 3 else ''}"})
        troubled_since = (troubled_since or clock()) if wrong else None
        if wrong and troubled_since is not None and clock() - troubled_since >= patience:
            raise troubled(wrong, namespace)
        if clock() > deadline:
            raise NotReadyError(
                f"After {timeout:g} s still waiting for {needs[0]} in namespace {namespace}.",
                f"kubectl -n {namespace} get pods; kubectl -n {namespace} describe pod NAME",
            )
        sleep(_POLL_SECONDS)


_CAUSES: Final[Mapping[tuple[str, ...], str]] = {
    ("toomanyrequests", "429 Too Many Requests", "rate limit"):
        "The registry limits pulls without an account: docker login, or wait an hour; for a class, "
        "`k3d image import IMAGE` brings an image that is on this machine into the cluster.",
    ("ErrImagePull", "ImagePullBackOff"):
        "The image cannot be pulled: is the network there, is a proxy in the way? `docker pull IMAGE` tries it.",
    ("CrashLoopBackOff",): "The container starts and ends: kubectl -n {namespace} logs POD -c CONTAINER --previous",
    ("PodSecurity", "violates"):
        "The namespace forbids what Istio's init container needs: install Istio with its CNI plugin "
        "(istioctl install --set components.cni.enabled=true), or allow privileged pods there.",
    ("exceeded quota",):
        "The namespace's quota is too small for seven pods with sidecars: kubectl -n {namespace} get quota",
    ("Insufficient",):
        "The nodes are too small or too full: Istio and the application need about 2 GB of memory.",
}  # fmt: skip


def troubled(wrong: str, namespace: str) -> NotReadyError:
    """What is wrong, and the next step that fits it."""
    fits = (hint for signs, hint in _CAUSES.items() if any(sign.lower() in wrong.lower() for sign in signs))
    hint = next(fits, "kubectl -n {namespace} get events --sort-by=.lastTimestamp")
    return NotReadyError(f"A pod does not become ready: {wrong}", hint.format(namespace=namespace))
