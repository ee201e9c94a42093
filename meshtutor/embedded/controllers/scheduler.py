"""Pods get a node: kube-scheduler's part. Why a node will do or not is asked of `fit`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.controllers import fit
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.objects import Key, condition, is_deleting, is_finished, key_of, with_condition
from meshtutor.kube.kinds import NODE, POD

_NAMES = ("", "default-scheduler")


class Scheduler(Controller):
    """Binds pods that have no node yet."""

    component = "default-scheduler"

    def concerns(self, event: Event) -> Iterable[Key]:
        """A pod without a node; when a node changes, all of them."""
        if event.kind is POD and event.type != "DELETED" and _unbound(event.object):
            yield key_of(event.object)
        elif event.kind is NODE:
            for pod in self.informer.list(POD):
                if _unbound(pod):
                    yield key_of(pod)

    async def reconcile(self, key: Key) -> None:
        """Bind the pod, or say why it cannot be bound; a change of any node brings it back."""
        pod = self.informer.get(POD, key[1], key[0])
        if pod is None or not _unbound(pod):
            return
        nodes = self.informer.list(NODE)
        reasons = {node["metadata"]["name"]: fit.why_not(pod, node) for node in nodes}
        able = [node for node in nodes if not reasons[node["metadata"]["name"]]]
        problem = fit.unsupported(pod)
        if problem or not able:
            await self._refuse(pod, problem or _summary(nodes, reasons.values()))
            return
        await self._bind(pod, fit.best(pod, able, self.informer.list(POD)))

    async def _bind(self, pod: Object, node: Object) -> None:
        (namespace, name), host = key_of(pod), node["metadata"]["name"]
        await self.informer.patch(pod, {"spec": {"nodeName": host}})
        self.recorder.normal(pod, "Scheduled", f"Successfully assigned {namespace}/{name} to {host}")

    async def _refuse(self, pod: Object, message: str) -> None:
        held = condition(pod, "PodScheduled") or {}
        if held.get("message") == message:
            return
        self.recorder.warning(pod, "FailedScheduling", message)
        new = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        status = dict(pod.get("status") or {})
        status["conditions"] = with_condition(status.get("conditions") or (), new)
        await self.informer.update_status(pod, status)


def _unbound(pod: Object) -> bool:
    spec = pod["spec"]
    free = not spec.get("nodeName") and not spec.get("schedulingGates")
    return free and spec.get("schedulerName", "") in _NAMES and not is_deleting(pod) and not is_finished(pod)


def _summary(nodes: Sequence[Object], reasons: Iterable[str]) -> str:
    """As `0/3 nodes are available: 3 node(s) were unschedulable.`."""
    if not nodes:
        return "no nodes available to schedule pods"
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(reasons).items()))
    return f"0/{len(nodes)} nodes are available: {told}."
