"""Containers that end, are killed, stop answering or eat memory."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from meshtutor.embedded.kubelet.backoff import Backoff
from meshtutor.kube.kinds import POD
from tests.embedded.kubelet.test_pods import log
from tests.embedded.world import SERVER, World, code, pod, until


def test_the_first_restart_is_at_once_and_each_later_one_waits_twice_as_long() -> None:
    backoff, now, waits = Backoff(), 0.0, []
    for _ in range(8):
        waits.append(backoff.next(now))
        now += waits[-1] + 1
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_container_that_ran_for_ten_minutes_starts_afresh() -> None:
    backoff = Backoff()
    for ended in (0.0, 1.0, 12.0):
        backoff.next(ended)
    assert backoff.next(12.0 + 20.0 + 601.0) == 0


async def test_a_crashing_container_is_restarted_and_then_backs_off(cluster: World) -> None:
    await cluster.api.create(pod("one", code("print('bang', flush=True); raise SystemExit(3)")))
    state = await cluster.state(
        "one", lambda s: s["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
    )
    assert state["restartCount"] == 1
    assert state["lastState"]["terminated"]["exitCode"] == 3
    assert state["state"]["waiting"]["message"].startswith(
        "back-off 10s restarting failed container=app pod=one_default("
    )
    assert await cluster.event("BackOff", "Back-off restarting failed container app in pod one_default(")
    await cluster.state("one", lambda s: s["restartCount"] >= 2)
    assert await log(cluster, "one", previous=True) == "bang\n"
    assert (await cluster.api.get(POD, "one", "default"))["status"]["phase"] == "Running"


async def test_a_killed_app_is_running_again_with_its_end_on_record(cluster: World) -> None:
    await cluster.api.create(pod("one"))
    await cluster.running("one")
    pid = cluster.kubelet.pid("default", "one", "app")
    os.kill(pid, signal.SIGKILL)
    state = await cluster.state("one", lambda s: s["restartCount"] == 1 and "running" in s["state"])
    assert state["lastState"]["terminated"]["exitCode"] == 137
    assert state["lastState"]["terminated"]["signal"] == 9
    assert state["lastState"]["terminated"]["reason"] == "Error"
    await cluster.running("one")
    assert cluster.kubelet.pid("default", "one", "app") != pid


@pytest.mark.parametrize(
    ("policy", "exit_code", "again"), [("Never", 1, False), ("OnFailure", 0, False), ("OnFailure", 1, True)]
)
async def test_the_restart_policy_decides(cluster: World, policy: str, exit_code: int, again: bool) -> None:
    await cluster.api.create(pod("one", code(f"raise SystemExit({exit_code})"), restartPolicy=policy))
    if again:
        await cluster.state("one", lambda s: s["restartCount"] >= 1)
        return
    state = await cluster.state("one", lambda s: "terminated" in s["state"])
    assert state["restartCount"] == 0


async def test_a_container_above_its_memory_limit_is_oom_killed(cluster: World) -> None:
    eat = "held = bytearray(90 << 20); import time; print(len(held), flush=True); time.sleep(100)"
    container = code(eat, resources={"limits": {"memory": "64Mi"}})
    await cluster.api.create(pod("one", container, restartPolicy="Never"))
    state = await cluster.state("one", lambda s: "terminated" in s["state"])
    assert state["state"]["terminated"]["reason"] == "OOMKilled"
    assert state["state"]["terminated"]["exitCode"] == 137


async def test_a_liveness_probe_that_keeps_failing_restarts_the_container(cluster: World) -> None:
    probe = {
        "httpGet": {"path": "/fail", "port": 9080},
        "initialDelaySeconds": 20,
        "periodSeconds": 2,
        "failureThreshold": 2,
    }
    await cluster.api.create(pod("one", code(SERVER, livenessProbe=probe)))
    await cluster.state("one", lambda s: s["restartCount"] >= 1)
    assert await cluster.event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500")
    assert await cluster.event("Killing", "Container app failed liveness probe, will be restarted")


async def test_a_startup_probe_that_never_succeeds_restarts_the_container(cluster: World) -> None:
    probe = {"tcpSocket": {"port": 1}, "periodSeconds": 2, "failureThreshold": 3}
    await cluster.api.create(pod("one", {"startupProbe": probe}))
    await cluster.state("one", lambda s: s["restartCount"] >= 1)
    assert await cluster.event("Unhealthy", "Startup probe failed")


async def test_a_pod_that_stops_answering_is_unready_but_not_restarted(
    cluster: World, tmp_path: Path
) -> None:
    flag = tmp_path / "healthy"
    flag.touch()
    probe = {"exec": {"command": ["test", "-e", str(flag)]}, "periodSeconds": 2, "failureThreshold": 2}
    await cluster.api.create(pod("one", {"readinessProbe": probe}))
    await cluster.running("one")
    flag.unlink()
    state = await cluster.state("one", lambda s: not s["ready"])
    assert state["restartCount"] == 0
    found = await cluster.api.get(POD, "one", "default")
    condition = next(c for c in found["status"]["conditions"] if c["type"] == "Ready")
    assert condition["message"] == "containers with unready status: [app]"
    flag.touch()
    await cluster.running("one")


async def test_without_the_spawner_every_container_is_started_again(cluster: World) -> None:
    for name in ("one", "two"):
        await cluster.api.create(pod(name))
        await cluster.running(name)
    old = {name: cluster.kubelet.pid("default", name, "app") for name in ("one", "two")}
    spawner = cluster.kubelet.spawner_pid
    os.kill(spawner, signal.SIGKILL)
    for name, pid in old.items():
        await cluster.state(name, lambda s: s["restartCount"] == 1 and "running" in s["state"])
        await until(lambda pid=pid: not psutil.pid_exists(pid), f"the old process of {name} is gone")
    assert cluster.kubelet.spawner_pid != spawner
