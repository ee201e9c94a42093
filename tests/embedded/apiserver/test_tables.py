"""Cells as a real cluster prints them."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.tables.columns import duration
from meshtutor.embedded.apiserver.tables.custom import finder
from meshtutor.embedded.apiserver.tables.network import external_ip, service_ports, slice_addresses
from meshtutor.embedded.apiserver.tables.workloads import pod_ready, pod_restarts, pod_status

AGES = [(0, "0s"), (119, "119s"), (120, "2m"), (150, "2m30s"), (599, "9m59s"), (600, "10m"), (10799, "179m"),
        (10800, "3h"), (11100, "3h5m"), (8 * 3600, "8h"), (47 * 3600, "47h"), (48 * 3600, "2d"),
        (50 * 3600, "2d2h"), (8 * 86400, "8d"), (729 * 86400, "729d"), (731 * 86400, "2y1d"),
        (9 * 365 * 86400, "9y"), (-1, "0s"), (-5, "<invalid>")]  # fmt: skip


@pytest.mark.parametrize(("seconds", "text"), AGES)
def test_durations(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def pod(*statuses: Any, phase: str = "Running", **meta: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": str(i)} for i in range(len(statuses))]}
    return {
        "metadata": {"name": "p", **meta},
        "spec": spec,
        "status": {"phase": phase, "containerStatuses": list(statuses)},
    }


RUNNING = {"ready": True, "restartCount": 0, "state": {"running": {}}}
WAITING = {"ready": False, "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
ENDED = {"ready": False, "restartCount": 1, "state": {"terminated": {"exitCode": 3}}}
COMPLETED = {"ready": False, "restartCount": 0, "state": {"terminated": {"reason": "Completed"}}}
PODS = [
    (pod(RUNNING, RUNNING), "2/2", "Running", "0"),
    (pod(RUNNING, WAITING), "1/2", "CrashLoopBackOff", "2"),
    (pod(ENDED), "0/1", "ExitCode:3", "1"),
    (pod(COMPLETED, RUNNING), "1/2", "Running", "0"),
    (pod(COMPLETED, phase="Succeeded"), "0/1", "Completed", "0"),
    (pod(RUNNING, deletionTimestamp="2026-01-01T00:00:00Z"), "1/1", "Terminating", "0"),
    (pod(phase="Pending"), "0/0", "Pending", "0"),
]


@pytest.mark.parametrize(("obj", "ready", "status", "restarts"), PODS)
def test_pods(obj: dict[str, Any], ready: str, status: str, restarts: str) -> None:
    assert (pod_ready(obj), pod_status(obj), pod_restarts(obj)) == (ready, status, restarts)


def test_services_and_slices() -> None:
    ports = [{"port": 80, "nodePort": 30000, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
    balanced: dict[str, Any] = {"spec": {"type": "LoadBalancer", "ports": ports}, "status": {}}
    assert (service_ports(balanced), external_ip(balanced)) == ("80:30000/TCP,53/UDP", "<pending>")
    balanced["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    assert external_ip(balanced) == "127.0.0.1"
    endpoints = [{"addresses": [f"127.0.0.{i}"]} for i in range(5)]
    assert slice_addresses({"endpoints": endpoints}) == "127.0.0.0,127.0.0.1,127.0.0.2 + 2 more..."
    assert slice_addresses({}) == "<unset>"


OBJECT = {"spec": {"a": [{"n": "x", "v": 1}, {"n": "y", "v": 2}], "k.l": 3}}
PATHS = [
    (".spec.a[1].v", [2]),
    (".spec.a[*].n", ["x", "y"]),
    ('.spec.a[?(@.n=="y")].v', [2]),
    (r".spec.k\.l", [3]),
    (".spec['k.l']", [3]),
    (".spec.nothing.here", []),
    (".spec.a[9].v", []),
]


@pytest.mark.parametrize(("path", "found"), PATHS)
def test_json_paths(path: str, found: list[Any]) -> None:
    assert finder(path)(OBJECT) == found
