"""A notebook's kernel that is killed takes its load with it, and leaves the lab and its rule as they are."""

from __future__ import annotations

import os
import signal

from jupyter_client.manager import start_new_kernel

CELL = """
import meshtutor as mt
mesh = mt.connect()
mesh.reset()
split = mt.widgets.TrafficSplit(mesh, "reviews")
split.model.weights = {"v1": 100}
load = mesh.load("reviews", rate=20, seconds=600)
import os; print("pid", os.getpid())
"""


def _sent(mesh) -> float:
    return mesh.prometheus.query(
        'sum(istio_requests_total{reporter="source",source_workload="client"})'
    ).value


def test_a_killed_kernel_leaves_no_load_and_an_unharmed_lab(lab, eventually):
    import meshtutor as mt

    del lab
    manager, client = start_new_kernel(kernel_name="python3", env=dict(os.environ))
    pids: list[int] = []
    client.execute_interactive(CELL, timeout=60, output_hook=lambda message: _note_pid(message, pids))
    with mt.connect() as mesh:
        before = _sent(mesh)
        eventually(lambda: _sent(mesh) > before)  # the load runs
        os.kill(pids[0], signal.SIGKILL)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        mesh.wait_for_metrics()
        mesh.wait_for_metrics()
        rest = _sent(mesh)
        mesh.wait_for_metrics()
        mesh.wait_for_metrics()
        assert _sent(mesh) == rest, "requests go on although their kernel is dead"
        assert set(mesh.send("reviews", n=20).versions()) == {"v1"}, "the rule went with the kernel"
        mesh.reset()
        assert mesh.info().ready


def _note_pid(message: dict, pids: list[int]) -> None:
    text = message["content"].get("text", "")
    pids.extend(int(line.split()[1]) for line in text.splitlines() if line.startswith("pid "))
