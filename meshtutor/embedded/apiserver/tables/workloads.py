"""Columns of Pods, Deployments, ReplicaSets."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.apiserver.tables.columns import AGE, NAME, NONE, Column, Object, age, at, joined
from meshtutor.embedded.apiserver.values import items_of


def _statuses(pod: Object) -> list[dict[str, Any]]:
    return items_of(pod.get("status"), "containerStatuses")


def pod_ready(pod: Object) -> str:
    """READY: containers that are, of those there are."""
    ready = sum(bool(status.get("ready")) for status in _statuses(pod))
    return f"{ready}/{len(items_of(pod.get('spec'), 'containers'))}"


def pod_status(pod: Object) -> str:
    """STATUS: the most telling reason among pod and containers."""
    status = pod.get("status") or {}
    reason = status.get("reason") or status.get("phase") or "Unknown"
    running = False
    for each in reversed(_statuses(pod)):
        state = each.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended:
            reason = ended.get("reason") or _exit(ended)
        elif each.get("ready") and state.get("running") is not None:
            running = True
    if reason == "Completed" and running:
        reason = "Running"
    return "Terminating" if pod["metadata"].get("deletionTimestamp") else str(reason)


def _exit(ended: dict[str, Any]) -> str:
    signal = ended.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{ended.get('exitCode', 0)}"


def pod_restarts(pod: Object) -> str:
    """RESTARTS: how often, and when last."""
    count = sum(int(status.get("restartCount") or 0) for status in _statuses(pod))
    ends = [at(s, "lastState", "terminated", "finishedAt") for s in _statuses(pod)]
    last = max((end for end in ends if end), default=None)
    return f"{count} ({age(last)} ago)" if count and last else str(count)


def _gates(pod: Object) -> str:
    gates = items_of(pod.get("spec"), "readinessGates")
    if not gates:
        return NONE
    met = {c["type"] for c in items_of(pod.get("status"), "conditions") if c.get("status") == "True"}
    return f"{sum(g.get('conditionType') in met for g in gates)}/{len(gates)}"


def _containers(template: Any, what: str) -> str:
    return ",".join(str(c.get(what, "")) for c in items_of(at(template, "spec"), "containers"))


def _template(what: str) -> Any:
    return lambda obj: _containers(at(obj, "spec", "template"), what)


def _selector(obj: Object) -> str:
    selector = at(obj, "spec", "selector") or {}
    terms = [] if not selector.get("matchLabels") else [joined(selector["matchLabels"])]
    for e in items_of(selector, "matchExpressions"):
        values = f" ({','.join(e.get('values') or ())})" if e.get("values") else ""
        terms.append(f"{e.get('key')} {str(e.get('operator')).lower()}{values}")
    return ",".join(terms) or NONE


def _number(*path: str) -> Any:
    return lambda obj: at(obj, *path) or 0


POD: Final = (
    NAME,
    Column("Ready", pod_ready),
    Column("Status", pod_status),
    Column("Restarts", pod_restarts),
    AGE,
    Column("IP", lambda o: at(o, "status", "podIP") or NONE, 1),
    Column("Node", lambda o: at(o, "spec", "nodeName") or NONE, 1),
    Column("Nominated Node", lambda o: at(o, "status", "nominatedNodeName") or NONE, 1),
    Column("Readiness Gates", _gates, 1),
)
_WIDE: Final = (
    Column("Containers", _template("name"), 1),
    Column("Images", _template("image"), 1),
    Column("Selector", _selector, 1),
)
DEPLOYMENT: Final = (
    NAME,
    Column(
        "Ready",
        lambda o: f"{at(o, 'status', 'readyReplicas') or 0}/{at(o, 'spec', 'replicas') or 0}",
    ),
    Column("Up-to-date", _number("status", "updatedReplicas"), type="integer", format="int32"),
    Column("Available", _number("status", "availableReplicas"), type="integer", format="int32"),
    AGE,
    *_WIDE,
)
REPLICA_SET: Final = (
    NAME,
    Column("Desired", _number("spec", "replicas"), type="integer", format="int32"),
    Column("Current", _number("status", "replicas"), type="integer", format="int32"),
    Column("Ready", _number("status", "readyReplicas"), type="integer", format="int32"),
    AGE,
    *_WIDE,
)
