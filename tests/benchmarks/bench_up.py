"""From nothing to an answer through the gateway, and the memory of the whole lab."""

from __future__ import annotations

import time

import psutil

from meshtutor.config import settings
from meshtutor.providers import embedded
from tests.benchmarks.measurement import Measurement

_TIMES = 7


def measure() -> list[Measurement]:
    seconds, memory, ended = [], [], []
    for _ in range(_TIMES):
        began = time.monotonic()
        provider, _started = embedded.up(settings().lab)
        seconds.append(time.monotonic() - began)
        memory.append(_pss(provider.lab["pid"]))
        began = time.monotonic()
        embedded.down(settings().lab)
        ended.append(time.monotonic() - began)
    return [
        Measurement("up: nothing runs -> 200 through the gateway", "s", seconds, "3 s"),
        Measurement("whole lab, PSS", "MB", memory, "400 MB"),
        Measurement("down: until the last process has ended", "s", ended),
    ]


def _pss(pid: int) -> float:
    """Proportional set size of the daemon and all below it: shared pages (Envoy's binary) count once."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(process.memory_full_info().pss for process in family) / 2**20
