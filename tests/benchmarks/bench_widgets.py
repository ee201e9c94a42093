"""What a live widget costs while it is looked at and nobody touches it: the kernel's processor time, sockets included.

A real kernel, as JupyterLab starts it; a thread in it beats as the page would. The split sends its own traffic.
"""

from __future__ import annotations

import time

import psutil
from jupyter_client.manager import start_new_kernel

from meshtutor.config import settings
from meshtutor.providers import embedded
from tests.benchmarks.measurement import Measurement

_SAMPLES, _SECONDS, _WARM_UP = 6, 4.0, 8.0
_BUDGET = "10 % of a core"
_WIDGETS = {
    "MeshGraph, mesh at rest": "mt.widgets.MeshGraph(mesh)",
    "Dashboard, mesh at rest": "mt.widgets.Dashboard(mesh)",
    "TrafficSplit with its 20 requests/s": "mt.widgets.TrafficSplit(mesh, 'reviews')",
}
_SHOW = """
import threading, meshtutor as mt
mesh = mt.connect()
shown = {widget}
display(shown)
def beat():
    shown._live.beat()
    timer = threading.Timer(3.0, beat)
    timer.daemon = True
    timer.start()
beat()
"""


def measure() -> list[Measurement]:
    embedded.up(settings().lab)
    found = [
        Measurement(f"cost of {name}", "% of a core", _cost(code), _BUDGET) for name, code in _WIDGETS.items()
    ]
    embedded.down(settings().lab)
    return found


def _cost(widget: str) -> list[float]:
    manager, client = start_new_kernel()
    try:
        reply = client.execute_interactive(
            _SHOW.format(widget=widget), timeout=60, output_hook=lambda _: None
        )
        assert reply["content"]["status"] == "ok", reply["content"].get("evalue")
        process = psutil.Process(manager.provisioner.pid)
        time.sleep(_WARM_UP)
        return [_share(process) for _ in range(_SAMPLES)]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _share(process: psutil.Process) -> float:
    began, before = time.monotonic(), process.cpu_times()
    time.sleep(_SECONDS)
    after, took = process.cpu_times(), time.monotonic() - began
    return 100 * (after.user + after.system - before.user - before.system) / took
