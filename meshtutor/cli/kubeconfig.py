"""Print the path of the lab's kubeconfig, for `export KUBECONFIG=$(meshtutor kubeconfig)`."""

from __future__ import annotations

import argparse

from meshtutor.cli.result import Result
from meshtutor.errors import LabError
from meshtutor.providers import embedded


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common arguments."""


def run(args: argparse.Namespace) -> Result:
    """The path; the file is readable by its owner only, since it lets one start processes."""
    provider = embedded.find(args.name)
    if provider is None:
        raise LabError(f"No lab {args.name!r} runs.", "meshtutor up")
    path = str(provider.kubeconfig)
    return Result({"kubeconfig": path, "context": provider.context}, (path,))
