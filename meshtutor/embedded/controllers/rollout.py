"""How many pods each ReplicaSet of a Deployment shall have: the arithmetic of a rollout. Pure.

Source: pkg/controller/deployment/{rolling,recreate,sync}.go and util/deployment_util.go of Kubernetes. The
functions take ReplicaSets as they are and return `{name: replicas}` for those that shall change, at most one
step ahead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from meshtutor.embedded.api import Object
from meshtutor.embedded.objects import annotations_of

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
Plan = dict[str, int]


def fenceposts(deployment: Object) -> tuple[int, int]:
    """`maxSurge` (rounded up) and `maxUnavailable` (rounded down) in pods; they cannot both be 0."""
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    replicas = wanted(deployment)
    surge = _pods(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _pods(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def wanted(owner: Object) -> int:
    """`spec.replicas`, 1 where it is absent."""
    value = owner["spec"].get("replicas")
    return 1 if value is None else int(value)


def available(replica_set: Object) -> int:
    """Pods of a ReplicaSet that are ready for long enough."""
    return int((replica_set.get("status") or {}).get("availableReplicas") or 0)


def rolling_update(deployment: Object, new: Object, olds: Sequence[Object]) -> Plan:
    """The next step of RollingUpdate: up as far as maxSurge lets, then down as maxUnavailable lets."""
    return _scale_new(deployment, new, olds) or _scale_olds(deployment, new, olds)


def recreate(deployment: Object, new: Object | None, olds: Sequence[Object], *, old_pods_run: bool) -> Plan:
    """The next step of strategy Recreate: all old pods go before the first new one comes."""
    if plan := {name_of(rs): 0 for rs in olds if wanted(rs)}:
        return plan
    if old_pods_run or new is None or wanted(new) == wanted(deployment):
        return {}
    return {name_of(new): wanted(deployment)}


def rescale(deployment: Object, new: Object | None, olds: Sequence[Object]) -> Plan:
    """Follow a change of `spec.replicas` without rolling on: for a paused Deployment, or in mid-rollout.

    One ReplicaSet with pods takes all; several share the difference in proportion to their size, the largest
    first.
    """
    every = [*olds, *([new] if new is not None else [])]
    active = [rs for rs in every if wanted(rs)]
    if len(active) <= 1:
        only = active[0] if active else (new or (every[-1] if every else None))
        if only is None or wanted(only) == wanted(deployment):
            return {}
        return {name_of(only): wanted(deployment)}
    if new is not None and wanted(new) == available(new) == wanted(deployment):
        return {name_of(rs): 0 for rs in olds if wanted(rs)}
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return {}
    return _proportional(deployment, active)


def is_scaling(deployment: Object, sets: Sequence[Object]) -> bool:
    """Whether `spec.replicas` has changed since the ReplicaSets were last sized."""
    notes = (annotations_of(rs).get(DESIRED) for rs in sets if wanted(rs))
    return any(note is not None and int(note) != wanted(deployment) for note in notes)


def initial(deployment: Object, olds: Sequence[Object]) -> int:
    """Pods that a fresh ReplicaSet starts with."""
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return 0 if any(wanted(rs) for rs in olds) else wanted(deployment)
    return min(_room(deployment, olds), wanted(deployment))


def name_of(obj: Object) -> str:
    """The object's name."""
    return str(obj["metadata"]["name"])


def _pods(value: int | str, replicas: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        share = replicas * float(value[:-1]) / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value)


def _room(deployment: Object, sets: Sequence[Object]) -> int:
    """Pods that may still be added below `replicas + maxSurge`."""
    surge, _ = fenceposts(deployment)
    return max(0, wanted(deployment) + surge - sum(wanted(rs) for rs in sets))


def _scale_new(deployment: Object, new: Object, olds: Sequence[Object]) -> Plan:
    have, want = wanted(new), wanted(deployment)
    if have > want:
        return {name_of(new): want}
    up = min(_room(deployment, [*olds, new]), want - have)
    return {name_of(new): have + up} if up > 0 else {}


def _scale_olds(deployment: Object, new: Object, olds: Sequence[Object]) -> Plan:
    _, unavailable = fenceposts(deployment)
    least = wanted(deployment) - unavailable
    total = sum(wanted(rs) for rs in olds) + wanted(new)
    spare = total - least - (wanted(new) - available(new))
    if spare <= 0:
        return {}
    sizes = {name_of(rs): wanted(rs) for rs in olds}
    for rs in olds:  # pods that are not available go first: they serve nobody
        cut = max(0, min(spare, sizes[name_of(rs)] - available(rs)))
        sizes[name_of(rs)] -= cut
        spare -= cut
    spare = min(spare, sum(available(rs) for rs in [*olds, new]) - least)
    for rs in olds:
        cut = max(0, min(spare, sizes[name_of(rs)]))
        sizes[name_of(rs)] -= cut
        spare -= cut
    return {name_of(rs): sizes[name_of(rs)] for rs in olds if sizes[name_of(rs)] != wanted(rs)}


def _proportional(deployment: Object, active: Sequence[Object]) -> Plan:
    surge, _ = fenceposts(deployment)
    allowed = wanted(deployment) + surge if wanted(deployment) else 0
    to_add = allowed - sum(wanted(rs) for rs in active)
    sizes = {name_of(rs): wanted(rs) for rs in active}
    by_size = sorted(active, key=wanted, reverse=to_add > 0)
    left = to_add
    for rs in by_size:
        step = _fraction(rs, deployment, allowed)
        step = max(min(step, left), 0) if to_add > 0 else min(max(step, left), 0)
        sizes[name_of(rs)] = max(0, sizes[name_of(rs)] + step)
        left -= step
    if by_size:
        largest = name_of(by_size[0])
        sizes[largest] = max(0, sizes[largest] + left)
    return {name_of(rs): sizes[name_of(rs)] for rs in active if sizes[name_of(rs)] != wanted(rs)}


def _fraction(replica_set: Object, deployment: Object, allowed: int) -> int:
    """What keeps this ReplicaSet's share of the whole the same."""
    before = int(annotations_of(replica_set).get(MAXIMUM) or wanted(deployment)) or 1
    return round(wanted(replica_set) * allowed / before) - wanted(replica_set)


def noted(notes: Mapping[str, str], deployment: Object) -> dict[str, str]:
    """Annotations that let the next rescaling know from where it starts."""
    surge, _ = fenceposts(deployment)
    return {**notes, DESIRED: str(wanted(deployment)), MAXIMUM: str(wanted(deployment) + surge)}
