"""Is a Deployment rolled out, is a pod ready? Pure questions on objects, in kubectl's sense.

Source: kubectl's `rollout status` (pkg/polymorphichelpers/rollout_status.go) and the pod conditions of
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]


def unfinished(deployment: Object) -> str:
    """What a Deployment still waits for, in a few words; empty when it is rolled out."""
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return "its change to be seen"
    if status.get("updatedReplicas", 0) < wanted:
        return f"{wanted - status.get('updatedReplicas', 0)} new pods to start"
    if status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return f"{status['replicas'] - status['updatedReplicas']} old pods to end"
    if status.get("availableReplicas", 0) < wanted:
        return f"{wanted - status.get('availableReplicas', 0)} pods to become ready"
    return ""


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is true and it is not being deleted."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    return any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", ())
    )


def ready_column(pod: Object) -> str:
    """`1/2`, as kubectl prints it: an init container that stays (Istio's native sidecar) counts as well."""
    stays = [c["name"] for c in pod["spec"].get("initContainers", ()) if c.get("restartPolicy") == "Always"]
    names = [c["name"] for c in pod["spec"]["containers"]] + stays
    status = pod.get("status", {})
    statuses = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return f"{sum(bool(s.get('ready')) for s in statuses if s['name'] in names)}/{len(names)}"


def restarts(pod: Object) -> int:
    """How often the pod's containers were restarted."""
    return sum(int(s.get("restartCount", 0)) for s in pod.get("status", {}).get("containerStatuses", ()))


def phase(pod: Object) -> str:
    """Kubectl's STATUS column: what a container waits for or died of, else the pod's phase."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for status in pod.get("status", {}).get("containerStatuses", ()):
        state = status.get("state", {})
        for case in ("waiting", "terminated"):
            if reason := state.get(case, {}).get("reason"):
                return str(reason)
    return str(pod.get("status", {}).get("phase", "Pending"))


def trouble(pods: Iterable[Object]) -> str:
    """The first thing a container says is wrong (an image that cannot run, a crash), or an empty string."""
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses", ()):
            waiting = status.get("state", {}).get("waiting", {})
            if waiting.get("reason") in (
                "ErrImagePull",
                "ImagePullBackOff",
                "CrashLoopBackOff",
                "CreateContainerConfigError",
            ):
                name, detail = pod["metadata"]["name"], waiting.get("message", "")
                return f"{name}/{status['name']}: {waiting['reason']}" + (f", {detail}" if detail else "")
    return ""


def has_sidecar(pod: Object) -> bool:
    """Whether the pod was injected."""
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    return any(container["name"] == "istio-proxy" for container in containers)
