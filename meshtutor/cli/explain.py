"""Say why a request goes where it goes: from the sender's own Envoy, step by step. Sends nothing.

URL is as for `curl` in the pod (http://reviews:9080/reviews/0), a service's name, or a URL of the gateway.
"""

from __future__ import annotations

import argparse

from meshtutor.cli.result import Result
from meshtutor.errors import MeshtutorError
from meshtutor.kube import manifests
from meshtutor.providers.resolve import resolve


def arguments(parser: argparse.ArgumentParser) -> None:
    """The request; `--file` names where the rules were written, so that steps show file and line."""
    parser.add_argument("url", metavar="URL", help="e.g. http://reviews:9080/reviews/0, or reviews")
    parser.add_argument("--from", dest="from_pod", metavar="POD", help="who sends (default: client)")
    parser.add_argument("--header", "-H", action="append", default=[], metavar="NAME:VALUE")
    parser.add_argument("--method", "-X", default="GET", help="default: %(default)s")
    parser.add_argument("--file", "-f", action="append", default=[], metavar="FILE", help="where rules stand")


def run(args: argparse.Namespace) -> Result:
    """The way of the request; exit status 1 when it ends in an error of Envoy's own."""
    from meshtutor.mesh import Mesh

    headers = dict(map(_header, args.header))
    with Mesh(resolve(args.name, start=False)) as mesh:
        if args.file:
            mesh.provenance.remember_files(manifests.load(*args.file))
        found = mesh.explain(args.url, headers=headers, method=args.method, from_pod=args.from_pod)
    return Result(found.to_dict(), tuple(repr(found).splitlines()), 1 if found.result.error else 0)


def _header(given: str) -> tuple[str, str]:
    name, colon, value = given.partition(":")
    if not colon or not name.strip():
        raise MeshtutorError(f"{given!r} is not a header.", "Expected NAME:VALUE, as in -H end-user:jason")
    return name.strip(), value.strip()
