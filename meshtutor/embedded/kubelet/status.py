"""A pod's status out of the states of its containers. Pure.

As pkg/kubelet/kubelet_pods.go (getPhase) and pkg/kubelet/status/generate.go (conditions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.objects import timestamp, with_condition


@dataclass
class ContainerState:
    """What kubectl shows of a container; `state` has one key: waiting, running or terminated."""

    name: str
    image: str
    init: bool = False
    state: dict[str, Any] = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: dict[str, Any] = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    started: bool = False
    pid: int = 0

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return "running" in self.state

    @property
    def ended(self) -> dict[str, Any] | None:
        """How it ended, if it has ended and waits for nothing."""
        return self.state.get("terminated")

    def to_object(self) -> Object:
        """A v1 ContainerStatus."""
        status = {
            "name": self.name,
            "image": self.image,
            "imageID": self.image if self.pid else "",
            "containerID": f"process://{self.pid}" if self.pid else "",
            "state": self.state,
            "lastState": self.last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "started": self.started,
        }
        return {key: value for key, value in status.items() if value != "" or key in ("imageID",)}


def pod_status(place: Place, states: Sequence[ContainerState], since: str, held: Mapping[str, Any]) -> Object:
    """The status of a pod on a node; `since` is when the kubelet took it on, `held` its status so far."""
    init = [s for s in states if s.init]
    main = [s for s in states if not s.init]
    policy = place.pod["spec"].get("restartPolicy") or "Always"
    phase = phase_of(policy, init, main)
    conditions = list(held.get("conditions") or ())
    for condition in _conditions(phase, init, main):
        conditions = with_condition(conditions, condition)
    status: Object = {
        "phase": phase,
        "conditions": conditions,
        "hostIP": place.host_ip,
        "hostIPs": [{"ip": place.host_ip}],
        "podIP": place.ip,
        "podIPs": [{"ip": place.ip}],
        "startTime": since,
        "containerStatuses": [s.to_object() for s in main],
    }
    if "qosClass" in held:
        status["qosClass"] = held["qosClass"]
    if init:
        status["initContainerStatuses"] = [s.to_object() for s in init]
    return status


def phase_of(policy: str, init: Sequence[ContainerState], main: Sequence[ContainerState]) -> str:
    """Pending, Running, Succeeded or Failed."""
    if failed := [s for s in init if s.ended and s.ended["exitCode"]]:
        return "Failed" if policy == "Never" and failed else "Pending"
    if not all(s.ended for s in init):
        return "Pending"
    if not main or any(not s.running and not s.ended and not s.last for s in main):
        return "Pending"
    if any(s.running or not s.ended for s in main) or policy == "Always":
        return "Running"
    bad = any(s.ended and s.ended["exitCode"] for s in main)
    if bad and policy == "OnFailure":
        return "Running"
    return "Failed" if bad else "Succeeded"


def in_one_line(failure: Exception) -> str:
    """What went wrong and what to do next, as a condition's or an event's message has it."""
    message, hint = getattr(failure, "message", str(failure)), getattr(failure, "hint", "")
    return f"{message.rstrip('.')}. {hint}" if hint else str(message)


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """A waiting state."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(code: int, reason: str, started: str, message: str = "", number: int = 0) -> dict[str, Any]:
    """A terminated state; `number` is the signal that ended it."""
    body = {"exitCode": code, "reason": reason, "startedAt": started or None, "finishedAt": timestamp()}
    if number:
        body["signal"] = number
    if message:
        body["message"] = message
    return {"terminated": body}


def _conditions(phase: str, init: Sequence[ContainerState], main: Sequence[ContainerState]) -> list[Object]:
    incomplete = [s.name for s in init if not s.ended or s.ended["exitCode"]]
    unready = [s.name for s in main if not s.ready]
    done = phase in ("Succeeded", "Failed")

    def verdict(kind: str, *, true: bool, reason: str = "", message: str = "") -> Object:
        told = {"reason": reason, "message": message} if not true else {}
        return {"type": kind, "status": "True" if true else "False", **{k: v for k, v in told.items() if v}}

    reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    if done:
        reason, message = f"Pod{'Completed' if phase == 'Succeeded' else 'Failed'}", ""
    ready = not unready and not done
    pending = f"containers with incomplete status: [{' '.join(incomplete)}]"
    return [
        verdict("PodReadyToStartContainers", true=not done),
        verdict("Initialized", true=not incomplete, reason="ContainersNotInitialized", message=pending),
        verdict("Ready", true=ready, reason=reason, message=message),
        verdict("ContainersReady", true=ready, reason=reason, message=message),
        verdict("PodScheduled", true=True),
    ]
