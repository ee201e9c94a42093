"""The trace store as the process that the kubelet starts, on Jaeger's own ports of a loopback address of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.embedded.addons.traced_mesh import get, wait_for


@contextmanager
def jaeger_process() -> Iterator[tuple[psutil.Process, str]]:
    """The process, once it answers, and its address."""
    address = f"127.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}.1"
    environment = {**os.environ, "BIND_ADDRESS": address}
    started = subprocess.Popen([sys.executable, "-m", "meshtutor.embedded.addons.jaeger"], env=environment)
    try:
        wait_for(lambda: get(f"http://{address}:16686/jaeger/")[0] == 200)
        yield psutil.Process(started.pid), address
    finally:
        started.terminate()
        assert started.wait(10) == 0
