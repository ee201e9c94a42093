"""Check Istio rules: in files (no lab needed), or without files those of the running mesh.

Exit status 1 when there is an error; warnings alone end with 0, as istioctl analyze has it.
"""

from __future__ import annotations

import argparse

from meshtutor.cli.result import Result
from meshtutor.mesh.analyzing import Analysis


def arguments(parser: argparse.ArgumentParser) -> None:
    """Files alone, files on top of a mesh, or a mesh."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="a file, a folder or a glob")
    parser.add_argument(
        "--live", action="store_true", help="judge the files as if applied to the running mesh"
    )


def run(args: argparse.Namespace) -> Result:
    """The findings, errors first."""
    found = _live(args) if args.live or not args.files else _files(args)
    data = {"findings": [one.to_dict() for one in found], "errors": len(found.errors)}
    return Result(data, tuple(found.lines()), 1 if found.errors else 0)


def _files(args: argparse.Namespace) -> Analysis:
    from meshtutor.providers import analysis

    return Analysis(tuple(analysis.of_sources(args.files)))


def _live(args: argparse.Namespace) -> Analysis:
    from meshtutor.mesh import Mesh
    from meshtutor.providers.resolve import resolve

    with Mesh(resolve(args.name, start=False)) as mesh:
        return mesh.analyze(*args.files)
