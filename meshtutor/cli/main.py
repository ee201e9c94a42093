"""Parse the command line, run the verb, print its result; errors become a sentence and an exit status here."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from meshtutor.cli import analyze, doctor, down, explain, kubeconfig, lab, logs, render, status, up, version
from meshtutor.config import settings
from meshtutor.errors import Interrupted, MeshtutorError

_VERBS = (up, down, status, doctor, lab, kubeconfig, logs, explain, analyze, version)


def parser() -> argparse.ArgumentParser:
    """The whole command line; each verb adds its own part."""
    root = argparse.ArgumentParser(
        prog="meshtutor", description="A service mesh with Istio's API on this machine, for learning."
    )
    verbs = root.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in _VERBS:
        summary = (verb.__doc__ or "").splitlines()[0]
        sub = verbs.add_parser(verb.__name__.rpartition(".")[2], help=summary.rstrip("."), description=verb.__doc__,
                               formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        sub.add_argument("--name", default=settings().lab, help="which lab (default: %(default)s)")
        sub.add_argument("--output", "-o", choices=["text", "json"], default="text", help="what to print")
        verb.arguments(sub)
        sub.set_defaults(run=verb.run)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; 0 done, 1 refused with a sentence, 130 interrupted."""
    args, rest = parser().parse_known_args(argv)
    if rest and args.verb != "lab":
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest
    try:
        outcome = args.run(args)
    except MeshtutorError as error:
        render.line(f"✗ {error}")
        return 1
    except Interrupted as stop:
        render.line(f"\n✗ {stop}")
        return 130
    except KeyboardInterrupt:
        render.line("\n✗ Interrupted. Nothing was left half-made; the same command can be given again.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if outcome.data or outcome.lines:
        render.result(outcome, args.output)
    return int(outcome.code)


if __name__ == "__main__":
    sys.exit(main())
