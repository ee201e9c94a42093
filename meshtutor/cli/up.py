"""Bring a lab up; returns when the application answers through the gateway.

A second `up` changes nothing and says so.
"""

from __future__ import annotations

import argparse
import time

from meshtutor.cli import render
from meshtutor.cli.result import Result
from meshtutor.providers import embedded


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--gateway-port`: refuse another one when it is taken."""
    parser.add_argument("--gateway-port", type=int, metavar="PORT",
                        help="localhost port of the ingress gateway (default: 8000, or the next free one)")  # fmt: skip


def run(args: argparse.Namespace) -> Result:
    """The lab's data as `status` gives them, and whether this call started it."""
    began = time.monotonic()
    provider, started = embedded.up(args.name, args.gateway_port, render.progress)
    info = provider.info()
    seconds = time.monotonic() - began
    lines: tuple[str, ...]
    if not started:
        lines = (
            f"The lab {args.name!r} runs already; nothing to do.",
            f"Application: {info.gateway}/productpage",
        )
    else:
        lines = (
            f"The mesh is up in {seconds:.1f} s: {len(info.pods)} pods.",
            f"Application: {info.gateway}/productpage",
            "Next: `meshtutor lab` opens the first notebook; `meshtutor status` shows the pods.",
        )
    return Result({**info.to_dict(), "started": started, "seconds": round(seconds, 3)}, lines)
