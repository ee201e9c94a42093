"""Show a lab: where it is reached, and its pods."""

from __future__ import annotations

import argparse

from meshtutor.cli import render
from meshtutor.cli.clusters import status as clusters
from meshtutor.cli.clusters.arguments import add_place
from meshtutor.cli.result import Result
from meshtutor.providers import embedded, resolve
from meshtutor.providers.base import MeshInfo


def arguments(parser: argparse.ArgumentParser) -> None:
    """`--on`: which of a lab's places."""
    add_place(parser)


def run(args: argparse.Namespace) -> Result:
    """The lab's data; exit status 1 when it does not run or is not ready."""
    chosen, why = resolve.choose(args.name, args.on)
    if chosen != "embedded":
        return clusters.run(args.name, chosen, why)
    provider = embedded.find(args.name, "it runs")
    if provider is None:
        others = ", ".join(embedded.names()) or "none"
        nothing = {"ready": False, "provider": "embedded", "name": args.name, "kubeconfig": "", "gateway": "",
                   "prometheus": "", "pods": []}  # fmt: skip
        return Result(nothing, (f"No lab {args.name!r} runs (running: {others}).", "Next: meshtutor up"), 1)
    info = provider.info()
    return Result(info.to_dict(), tuple(_lines(info)), 0 if info.ready else 1)


def _lines(info: MeshInfo) -> list[str]:
    rows = [("NAMESPACE", "NAME", "READY", "STATUS", "IP")]
    rows += [(pod.namespace, pod.name, pod.ready, pod.phase, pod.ip) for pod in info.pods]
    return [
        f"Lab {info.name!r} ({info.provider}) is {'ready' if info.ready else 'not ready'}.",
        f"  application  {info.gateway}/productpage",
        *(
            [f"  gateway, TLS {info.gateway_tls}  (answers when a Gateway has an HTTPS server)"]
            if info.gateway_tls
            else []
        ),
        f"  prometheus   {info.prometheus}",
        f"  kubectl      export KUBECONFIG={info.kubeconfig}",
        "",
        *render.table(rows),
    ]
