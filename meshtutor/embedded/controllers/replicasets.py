"""ReplicaSets become pods: so many that match the selector, no more and no fewer.

As pkg/controller/replicaset of Kubernetes: pods are adopted and released by their labels (change a pod's
label and it leaves its ReplicaSet, which starts another), the least useful ones are deleted first, status
counts ready and available ones.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Iterable, Sequence

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.controllers.names import with_suffix
from meshtutor.embedded.controllers.rollout import name_of, wanted
from meshtutor.embedded.controllers.selectors import contains, selects
from meshtutor.embedded.objects import (
    Key,
    annotations_of,
    condition,
    controller_of,
    is_deleting,
    is_finished,
    is_ready,
    key_of,
    labels_of,
    owner_reference,
    seconds_of,
    with_condition,
)
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import POD, REPLICA_SET

_BURST = 500
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


class ReplicaSets(Controller):
    """Keeps the pods and the status of every ReplicaSet."""

    component = "replicaset-controller"

    def concerns(self, event: Event) -> Iterable[Key]:
        """The ReplicaSet itself, that of a pod, or those that could adopt a pod without one."""
        if event.kind is REPLICA_SET:
            yield key_of(event.object)
        elif event.kind is POD:
            namespace = event.object["metadata"]["namespace"]
            if owner := controller_of(event.object):
                if owner["kind"] == "ReplicaSet":
                    yield namespace, owner["name"]
                return
            for rs in self.informer.list(REPLICA_SET, namespace):
                if selects(rs["spec"]["selector"], labels_of(event.object)):
                    yield key_of(rs)

    async def reconcile(self, key: Key) -> None:
        """Create or delete pods until the number is right; then the status."""
        replica_set = self.informer.get(REPLICA_SET, key[1], key[0])
        if replica_set is None or is_deleting(replica_set):
            return
        pods = await self._claim(replica_set)
        surplus = len(pods) - wanted(replica_set)
        failure = None
        if surplus < 0:
            failure = await self._grow(replica_set, min(-surplus, _BURST))
        elif surplus > 0:
            await self._shrink(replica_set, pods, surplus)
        await self._report(replica_set, [*self._active(replica_set)], failure)

    def _active(self, replica_set: Object) -> Iterable[Object]:
        for pod in self.informer.owned(POD, replica_set["metadata"]["uid"]):
            if not is_deleting(pod) and not is_finished(pod):
                yield pod

    async def _claim(self, replica_set: Object) -> list[Object]:
        """Active pods, after releasing those that no longer match and adopting those that do."""
        selector, namespace = replica_set["spec"]["selector"], replica_set["metadata"]["namespace"]
        for pod in [*self._active(replica_set)]:
            if not selects(selector, labels_of(pod)):
                await self.informer.patch(pod, {"metadata": {"ownerReferences": None}})
        for pod in [*self.informer.owned(POD, "")]:
            mine = pod["metadata"]["namespace"] == namespace and selects(selector, labels_of(pod))
            if mine and not is_deleting(pod) and not is_finished(pod):
                owners = [owner_reference(replica_set, REPLICA_SET)]
                await self.informer.patch(pod, {"metadata": {"ownerReferences": owners}})
        return [*self._active(replica_set)]

    async def _grow(self, replica_set: Object, count: int) -> Object | None:
        """Create pods; the condition ReplicaFailure if the API refuses."""
        try:
            await asyncio.gather(*(self._create(replica_set) for _ in range(count)))
        except ApiStatusError as refusal:
            message = f"Error creating: {refusal.message}"
            self.recorder.warning(replica_set, "FailedCreate", message)
            self.queue.add_after(key_of(replica_set), 1.0)
            return {
                "type": "ReplicaFailure",
                "status": "True",
                "reason": "FailedCreate",
                "message": refusal.message,
            }
        return None

    async def _create(self, replica_set: Object) -> None:
        pod = await self.informer.create(_pod(replica_set))
        self.recorder.normal(replica_set, "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    async def _shrink(self, replica_set: Object, pods: Sequence[Object], count: int) -> None:
        neighbours: dict[str, int] = {}
        for pod in pods:
            node = pod["spec"].get("nodeName", "")
            neighbours[node] = neighbours.get(node, 0) + 1
        for pod in sorted(pods, key=lambda p: _usefulness(p, neighbours))[:count]:
            await self.informer.delete(pod)
            self.recorder.normal(replica_set, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    async def _report(self, replica_set: Object, pods: Sequence[Object], failure: Object | None) -> None:
        minimum = int(replica_set["spec"].get("minReadySeconds") or 0)
        ready = [pod for pod in pods if is_ready(pod)]
        waits = [w for pod in ready if (w := _seconds_until_available(pod, minimum)) > 0]
        if waits:
            self.queue.add_after(key_of(replica_set), min(waits))
        labels = labels_of(replica_set["spec"]["template"])
        counts = {
            "fullyLabeledReplicas": sum(contains(labels, labels_of(pod)) for pod in pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready) - len(waits),
        }
        status: Object = {"replicas": len(pods)} | {name: count for name, count in counts.items() if count}
        status["observedGeneration"] = replica_set["metadata"].get("generation", 1)
        if failure:
            held = condition(replica_set, "ReplicaFailure")
            status["conditions"] = with_condition([held] if held else [], failure)
        current = self.informer.get(REPLICA_SET, *reversed(key_of(replica_set))) or replica_set
        await self.informer.update_status(current, status)


def _pod(replica_set: Object) -> Object:
    template, base = replica_set["spec"]["template"], f"{name_of(replica_set)}-"
    metadata = {
        **copy.deepcopy(template.get("metadata") or {}),
        "generateName": base,
        "name": with_suffix(base),
        "namespace": replica_set["metadata"]["namespace"],
        "ownerReferences": [owner_reference(replica_set, REPLICA_SET)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy.deepcopy(template["spec"])}


def _usefulness(pod: Object, neighbours: dict[str, int]) -> tuple[float, ...]:
    """A sort key, the least useful first (ActivePodsWithRanks in pkg/controller/controller_utils.go)."""
    node = pod["spec"].get("nodeName", "")
    phase = (pod.get("status") or {}).get("phase", "Pending")
    restarts = sum(c.get("restartCount", 0) for c in (pod.get("status") or {}).get("containerStatuses") or ())
    since = seconds_of((condition(pod, "Ready") or {}).get("lastTransitionTime", ""))
    return (
        float(bool(node)),
        float({"Pending": 0, "Unknown": 1}.get(phase, 2)),
        float(is_ready(pod)),
        float(annotations_of(pod).get(_DELETION_COST, 0)),
        -float(neighbours.get(node, 0)),
        -since,
        -float(restarts),
        -seconds_of(pod["metadata"].get("creationTimestamp", "")),
    )


def _seconds_until_available(pod: Object, minimum: int) -> float:
    since = seconds_of((condition(pod, "Ready") or {}).get("lastTransitionTime", ""))
    return max(0.0, since + minimum - time.time()) if minimum else 0.0
