"""Pods and workloads as one line each, for `status` and while waiting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from meshtutor.kube import rollouts
from meshtutor.providers.base import PodInfo

Object = Mapping[str, Any]


def pod_info(pod: Object) -> PodInfo:
    """One line of `kubectl get pods`."""
    meta, ip = pod["metadata"], str(pod.get("status", {}).get("podIP", ""))
    return PodInfo(meta["namespace"], meta["name"], rollouts.phase(pod), rollouts.ready_column(pod), ip)


def is_well(pod: Object) -> bool:
    """Ready, or finished as a Job's pod is (k3s and add-ons have such)."""
    return rollouts.is_ready(pod) or pod.get("status", {}).get("phase") == "Succeeded"


def waiting_for(deployments: Iterable[Object]) -> list[str]:
    """What each Deployment that is not rolled out still needs: `reviews-v1 (1 pods to become ready)`."""
    return [f"{d['metadata']['name']} ({wait})" for d in deployments if (wait := rollouts.unfinished(d))]


def trouble(deployments: Iterable[Object], pods: Iterable[Object]) -> str:
    """What is wrong, in the cluster's own words: a container's, or why no pod could be made; or an empty string."""
    for deployment in deployments:
        for condition in deployment.get("status", {}).get("conditions", ()):
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                return f"{deployment['metadata']['name']}: {condition.get('message', condition.get('reason', ''))}"
    pods = list(pods)
    return rollouts.trouble(pods) or next(filter(None, map(_unschedulable, pods)), "")


def _unschedulable(pod: Object) -> str:
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return f"{pod['metadata']['name']}: {condition.get('message', 'Unschedulable')}"
    return ""
