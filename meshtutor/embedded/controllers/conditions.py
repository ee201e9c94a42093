"""A Deployment's status: counts and the conditions Available and Progressing. Pure; the time is given.

Source: pkg/controller/deployment/{sync,progress}.go and util/deployment_util.go of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Sequence

from meshtutor.embedded.api import Object
from meshtutor.embedded.controllers.rollout import available, fenceposts, name_of, wanted
from meshtutor.embedded.objects import condition, is_true, seconds_of, timestamp, with_condition

DONE = "NewReplicaSetAvailable"
_DEFAULT_DEADLINE = 600


def status_of(deployment: Object, new: Object | None, olds: Sequence[Object], now: float) -> Object:
    """The status that follows from the ReplicaSets; conditions are carried over and brought up to date."""
    sets = [*olds, *([new] if new is not None else [])]
    status = _counts(deployment, new, sets)
    conditions = list((deployment.get("status") or {}).get("conditions") or ())
    conditions = with_condition(conditions, _availability(deployment, status))
    if progress := _progress(deployment, status, new, now):
        conditions = with_condition(conditions, progress)
    failure = next((c for rs in sets if (c := condition(rs, "ReplicaFailure"))), None)
    conditions = [c for c in conditions if c["type"] != "ReplicaFailure"] + ([failure] if failure else [])
    return {**status, "conditions": conditions}


def progressing(reason: str, message: str, now: float, *, status: str = "True") -> Object:
    """A Progressing condition."""
    return {
        "type": "Progressing",
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": timestamp(now),
    }


def deadline(deployment: Object) -> int:
    """`spec.progressDeadlineSeconds`."""
    return int(deployment["spec"].get("progressDeadlineSeconds") or _DEFAULT_DEADLINE)


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether all pods are of the current template and available, and no others are left."""
    want = wanted(deployment)
    counts = (status.get("updatedReplicas", 0), status.get("replicas", 0), status.get("availableReplicas", 0))
    return counts == (want, want, want)


def _counts(deployment: Object, new: Object | None, sets: Sequence[Object]) -> Object:
    def total(field: str, of: Sequence[Object] = sets) -> int:
        return sum((rs.get("status") or {}).get(field) or 0 for rs in of)

    replicas, ready = total("replicas"), sum(available(rs) for rs in sets)
    counts = {
        "replicas": replicas,
        "updatedReplicas": total("replicas", [new]) if new is not None else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": ready,
        "unavailableReplicas": max(0, sum(map(wanted, sets)) - ready),
    }
    status: Object = {"observedGeneration": deployment["metadata"].get("generation", 1)}
    status |= {name: count for name, count in counts.items() if count}  # as Go's omitempty
    if collisions := (deployment.get("status") or {}).get("collisionCount"):
        status["collisionCount"] = collisions
    return status


def _availability(deployment: Object, status: Object) -> Object:
    _, unavailable = fenceposts(deployment)
    enough = status.get("availableReplicas", 0) >= wanted(deployment) - unavailable
    held = condition(deployment, "Available") or {}
    verdict = "True" if enough else "False"
    since = held.get("lastUpdateTime") if held.get("status") == verdict else None
    return {
        "type": "Available",
        "status": verdict,
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        "lastUpdateTime": since or timestamp(),
    }


def _progress(deployment: Object, status: Object, new: Object | None, now: float) -> Object | None:
    held = condition(deployment, "Progressing") or {}
    name = f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
    paused = bool(deployment["spec"].get("paused"))
    if paused or held.get("reason") == "DeploymentPaused":
        return _pausing(now, paused=paused, told=held.get("reason") == "DeploymentPaused")
    if is_complete(deployment, status):
        settled = held.get("reason") == DONE and held.get("message", "").startswith(name)
        return None if settled else progressing(DONE, f"{name} has successfully progressed.", now)
    if held.get("reason") == DONE and status.get("updatedReplicas", 0) == status.get("replicas", 0):
        return None  # pods of a finished rollout may come and go; that is no rollout
    if _moved(deployment.get("status") or {}, status) or not held:
        return progressing("ReplicaSetUpdated", f"{name} is progressing.", now)
    late = now - seconds_of(held.get("lastUpdateTime", "")) > deadline(deployment)
    if (
        late
        and held.get("reason") != "ProgressDeadlineExceeded"
        and not is_true(deployment, "ReplicaFailure")
    ):
        return progressing(
            "ProgressDeadlineExceeded", f"{name} has timed out progressing.", now, status="False"
        )
    return None


def _pausing(now: float, *, paused: bool, told: bool) -> Object | None:
    if not paused:
        return progressing("DeploymentResumed", "Deployment is resumed", now, status="Unknown")
    return None if told else progressing("DeploymentPaused", "Deployment is paused", now, status="Unknown")


def _moved(before: Object, after: Object) -> bool:
    def grew(field: str) -> bool:
        return int(after.get(field, 0)) > int(before.get(field, 0))

    def old(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    return (
        grew("updatedReplicas")
        or grew("readyReplicas")
        or grew("availableReplicas")
        or old(after) < old(before)
    )
