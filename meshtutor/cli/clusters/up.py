"""`meshtutor up --on k3d` and `--on context`."""

from __future__ import annotations

import argparse
import time

from meshtutor.cli.clusters import arguments
from meshtutor.cli.progress import Bar
from meshtutor.cli.result import Result
from meshtutor.providers.context import up as context
from meshtutor.providers.context.provider import ClusterProvider
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Tools

Plan = list[tuple[str, list[str]]]


def on_k3d(args: argparse.Namespace) -> Result:
    """Make the study's cluster, or go on with it."""
    given = arguments.k3d_options(args)
    if args.dry_run:
        return _plan(k3d.plan(args.name, k3d.options_to_show(args.name, **given), Tools()))
    options = k3d.options_for(args.name, **given)
    with Bar() as bar:
        began = time.monotonic()
        record = k3d.up(args.name, options, Tools(bar), bar)
        return _done(record, bar, time.monotonic() - began)


def on_context(args: argparse.Namespace) -> Result:
    """Use a cluster that is there, in a namespace of one's own."""
    record = context.new_record(
        args.name, arguments.context_name(args), args.namespace or "", args.gateway or ""
    )
    if args.dry_run:
        return _plan(context.plan(record))
    with Bar() as bar:
        began = time.monotonic()
        context.up(record, bar)
        return _done(record, bar, time.monotonic() - began)


def _plan(plan: Plan) -> Result:
    data = {"steps": [{"step": name, "commands": commands} for name, commands in plan]}
    lines = [line for name, commands in plan for line in (f"# {name}", *commands, "")]
    return Result(data, tuple(lines[:-1]))


def _done(record: Record, bar: Bar, seconds: float) -> Result:
    info = ClusterProvider(record, f"`meshtutor up --on {record.provider}`").info()
    how = (
        f"is up on {record.context} in {seconds:.0f} s" if bar.made else f"was up already on {record.context}"
    )
    kubectl = f"kubectl --context {record.context} -n {record.namespace} get pods"
    lines = (
        f"The mesh {how}: {len(info.pods)} pods, Istio {record.istio or 'of unknown version'}.",
        f"  application  {info.gateway}/productpage",
        f"  kubectl      {kubectl}   # or: export KUBECONFIG={info.kubeconfig}",
        "Next: `meshtutor lab` opens the notebooks on it; `meshtutor status` shows it; `meshtutor down` removes it.",
    )
    return Result({**info.to_dict(), "started": bar.made, "seconds": round(seconds, 3)}, lines)
