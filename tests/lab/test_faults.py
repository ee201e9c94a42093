"""kill -9 of each kind of process: what can be restarted is, nothing is orphaned, and `up` works afterwards."""

from __future__ import annotations

import os
import signal
import time
import urllib.request

import psutil
import pytest


def _page(lab: dict) -> int | None:
    try:
        return urllib.request.urlopen(lab["gateway"] + "/productpage", timeout=2).status
    except OSError:
        return None


def _find(lab: dict, needle: str) -> psutil.Process:
    daemon = psutil.Process(lab["extra"]["pid"])
    return next(p for p in daemon.children(recursive=True) if needle in " ".join(p.cmdline()))


@pytest.mark.parametrize("victim", ["reviews-v2", "app.py", "bin/envoy"])
def test_a_killed_app_or_envoy_is_restarted(meshtutor, eventually, victim):
    lab = meshtutor.json("up")
    process = _find(lab, victim if victim != "reviews-v2" else "envoy")
    process.kill()
    process.wait(timeout=30)
    eventually(lambda: _restarts(lab), timeout=60)  # until it is noticed, all pods are still called ready
    eventually(lambda: meshtutor.json("status", code=None)["ready"], timeout=60)
    assert _restarts(lab) == 1
    assert _page(lab) == 200


def _restarts(lab: dict) -> int:
    from pathlib import Path

    from meshtutor.providers.api import KubeHttp

    http = KubeHttp.from_kubeconfig(Path(lab["kubeconfig"]), lab["context"])
    pods = http.get("/api/v1/pods")["items"]
    return sum(
        status["restartCount"] for pod in pods for status in pod["status"].get("containerStatuses", [])
    )


def test_a_killed_prometheus_is_restarted(meshtutor, eventually):
    lab = meshtutor.json("up")
    _find(lab, "--storage.tsdb").kill()
    eventually(lambda: _restarts(lab) == 1, timeout=30)
    eventually(lambda: meshtutor.json("status", code=None)["ready"], timeout=60)


def test_a_killed_lab_leaves_no_orphan_and_can_be_brought_up_again(meshtutor, eventually):
    lab = meshtutor.json("up")
    os.kill(lab["extra"]["pid"], signal.SIGKILL)
    eventually(lambda: not meshtutor.processes())
    assert "No lab" in meshtutor("status", code=1)
    again = meshtutor.json("up")
    assert again["ready"]
    assert _page(again) == 200


def test_a_killed_up_command_does_not_disturb_the_lab(meshtutor, eventually):
    starting = meshtutor.popen("up")
    assert "✓" in starting.stdout.readline()
    starting.kill()
    starting.wait()
    deadline = time.monotonic() + 30
    while not meshtutor.json("status", code=None)["ready"]:
        assert time.monotonic() < deadline
    assert meshtutor.json("up")["ready"]
