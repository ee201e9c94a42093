"""The binaries of the embedded mesh, for `meshtutor doctor`."""

from __future__ import annotations

from pathlib import Path

from meshtutor.embedded.addons import binaries


def prometheus_binary() -> Path | None:
    """A Prometheus on PATH or in the cache, or None."""
    return binaries.find_prometheus()
