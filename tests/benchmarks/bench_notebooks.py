"""Every notebook headless, on a lab that is up; and all of them together."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from meshtutor.config import settings, study
from meshtutor.providers import embedded
from tests.benchmarks.measurement import Measurement

_TIMES = 3


def measure() -> list[Measurement]:
    embedded.up(settings().lab)
    seconds = {
        path: [_run(path) for _ in range(_TIMES)] for path in sorted((study() / "notebooks").glob("*.ipynb"))
    }
    embedded.down(settings().lab)
    each = [Measurement(f"notebook {path.stem}", "s", taken, "30 s") for path, taken in seconds.items()]
    total = [sum(taken) for taken in zip(*seconds.values(), strict=True)]
    return [*each, Measurement("all notebooks, one after the other", "s", total, "300 s")]


def _run(path: Path) -> float:
    began = time.monotonic()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    return time.monotonic() - began
