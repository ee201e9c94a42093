"""End a lab: no process, socket or lock of it is left."""

from __future__ import annotations

import argparse

from meshtutor.cli.result import Result
from meshtutor.providers import embedded


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--all` ends every lab of this user."""
    parser.add_argument("--all", action="store_true", help="every lab that runs")


def run(args: argparse.Namespace) -> Result:
    """Which labs were ended."""
    ended = [name for name in (embedded.names() if args.all else [args.name]) if embedded.down(name)]
    lines = tuple(f"The lab {name!r} has ended." for name in ended) or (
        f"No lab {args.name!r} runs; nothing to do.",
    )
    return Result({"ended": ended}, lines)
