"""Look at this machine: what is wrong for a mesh here, and the command that repairs it."""

from __future__ import annotations

import argparse

from meshtutor.cli.checks import cluster, embedded
from meshtutor.cli.checks.check import Check
from meshtutor.cli.result import Result
from meshtutor.providers import embedded as labs

_MARKS = {"ok": "✓", "missing": "·", "wrong": "✗"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common arguments."""


def run(args: argparse.Namespace) -> Result:
    """Every check; exit status 1 when something the embedded mesh needs is wrong."""
    checks = [check() for check in (*embedded.ALL, *cluster.ALL)]
    ready = not any(check.state == "wrong" for check in checks)
    running = labs.find(args.name)
    data = {
        "ready": ready,
        "provider": "embedded",
        "kubeconfig": str(running.kubeconfig) if running else "",
        "gateway": str(running.lab["gateway"]) if running else "",
        "prometheus": str(running.lab["prometheus"]) if running else "",
        "pods": [],
        "checks": [check.to_dict() for check in checks],
    }
    last = "All is well. Next: meshtutor up" if ready else "Mend what is marked ✗, then: meshtutor doctor"
    return Result(data, (*(line for check in checks for line in _lines(check)), "", last), 0 if ready else 1)


def _lines(check: Check) -> list[str]:
    line = f"{_MARKS[check.state]} {check.name:<13} {check.found}"
    if check.state == "ok":
        return [line]
    return [f"{line}   (needed for {check.needed_for})", f"    → {check.repair}"]
