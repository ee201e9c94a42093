"""End a lab: no process, socket or lock of it is left; on a real cluster, nothing that `up` made."""

from __future__ import annotations

import argparse

from meshtutor.cli.clusters import down as clusters
from meshtutor.cli.clusters.arguments import add_place
from meshtutor.cli.result import Result
from meshtutor.providers import embedded, resolve


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--all` ends every embedded lab of this user; a cluster is only removed by its name."""
    parser.add_argument("--all", action="store_true", help="every embedded lab that runs")
    add_place(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="on a real cluster: print the commands, run none"
    )


def run(args: argparse.Namespace) -> Result:
    """Which labs were ended."""
    chosen, _ = resolve.choose(args.name, args.on)
    if chosen != "embedded" and not args.all:
        return clusters.run(args.name, chosen, args.dry_run)
    ended = [name for name in (embedded.names() if args.all else [args.name]) if embedded.down(name)]
    lines = tuple(f"The lab {name!r} has ended." for name in ended) or (
        f"No lab {args.name!r} runs; nothing to do.",
    )
    return Result({"ended": ended}, lines)
