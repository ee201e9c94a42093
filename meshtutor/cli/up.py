"""Bring a lab up; returns when the application answers through the gateway.

A second `up` changes nothing and says so. `--on k3d` makes the study's cluster with Istio step by step, `--on context`
uses a cluster with Istio that is there already; both go on where they stopped.
"""

from __future__ import annotations

import argparse
import time

from meshtutor.cli import render
from meshtutor.cli.clusters import arguments as cluster_arguments
from meshtutor.cli.clusters.up import on_context, on_k3d
from meshtutor.cli.result import Result
from meshtutor.errors import MeshtutorError
from meshtutor.providers import embedded, records, resolve


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--gateway-port`: refuse another one when it is taken."""
    parser.add_argument("--gateway-port", "--port", dest="gateway_port", type=int, metavar="PORT",
                        help="localhost port of the ingress gateway (default: 8000, or the next free one)")  # fmt: skip
    cluster_arguments.add(parser)


def run(args: argparse.Namespace) -> Result:
    """The lab's data as `status` gives them, and whether this call started it."""
    chosen, _ = resolve.choose(args.name, getattr(args, "on", None))
    if chosen != "embedded":
        return (on_k3d if chosen == "k3d" else on_context)(args)
    if getattr(args, "dry_run", False):
        raise MeshtutorError(
            "--dry-run is for --on k3d and --on context.", "The embedded mesh runs no commands of yours."
        )
    outcome = _embedded(args)
    records.choose(args.name, "embedded")
    return outcome


def _embedded(args: argparse.Namespace) -> Result:
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
            f"The gateway's port for https: {info.gateway_tls}",
            "Next: `meshtutor lab` opens the first notebook; `meshtutor status` shows the pods.",
        )
    return Result({**info.to_dict(), "started": started, "seconds": round(seconds, 3)}, lines)
