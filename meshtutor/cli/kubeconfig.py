"""Print the path of the lab's kubeconfig, for `export KUBECONFIG=$(meshtutor kubeconfig)`."""

from __future__ import annotations

import argparse

from meshtutor.cli.result import Result
from meshtutor.providers.resolve import resolve


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common arguments."""


def run(args: argparse.Namespace) -> Result:
    """The path; the file is readable by its owner only, since it lets one start processes."""
    provider = resolve(args.name, start=False)
    path = str(provider.kubeconfig)
    return Result({"kubeconfig": path, "context": provider.context}, (path,))
