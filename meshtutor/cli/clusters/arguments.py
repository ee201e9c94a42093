"""The options of `up` that only real clusters have."""

from __future__ import annotations

import argparse

from meshtutor.config import settings
from meshtutor.errors import MeshtutorError
from meshtutor.providers.resolve import PROVIDERS

_K3D_ONLY = ("agents", "profile", "addons", "image", "switch_context")


def add_place(parser: argparse.ArgumentParser) -> None:
    """`--on`, which `up`, `down` and `status` share."""
    parser.add_argument(
        "--on", choices=PROVIDERS, help="where (default: MESHTUTOR_PROVIDER, the last `up --on`, embedded)"
    )


def add(parser: argparse.ArgumentParser) -> None:
    """All of `up`'s."""
    add_place(parser)
    cluster = parser.add_argument_group("on a real cluster (--on k3d, --on context)")
    cluster.add_argument(
        "--namespace", "-n", help="the learner's namespace (k3d: default; context: meshtutor)"
    )
    cluster.add_argument("--dry-run", action="store_true", help="print the commands, run none")
    cluster.add_argument("--context", default=None, help="the kubeconfig context; only with --on context")
    cluster.add_argument(
        "--gateway",
        metavar="NAMESPACE/SERVICE",
        help="the ingress gateway to use; only with --on context (default: one that fits, else one of your own)",
    )
    k3d = parser.add_argument_group("on k3d (--on k3d)")
    k3d.add_argument("--agents", type=int, metavar="N", help="agent nodes beside the server (default: 2)")
    k3d.add_argument("--profile", help="Istio's installation profile (default: default)")
    k3d.add_argument("--addons", metavar="DIR", help="folder samples/addons of an Istio release, or none")
    k3d.add_argument("--image", help="k3s image for the nodes, as of k3d cluster create --image")
    k3d.add_argument(
        "--switch-context", action="store_true", default=None, help="make it kubectl's current context"
    )


def k3d_options(args: argparse.Namespace) -> dict[str, object]:
    """What was given for k3d; MeshtutorError for what only --on context has."""
    if args.context:
        raise MeshtutorError(
            "--context goes with --on context; k3d makes a context of its own.", "leave --context out"
        )
    if args.gateway:
        raise MeshtutorError("--gateway goes with --on context; on k3d there is one.", "leave --gateway out")
    if args.agents is not None and not 0 <= args.agents <= 10:
        raise MeshtutorError(
            f"--agents {args.agents}: from 0 to 10 nodes fit on one machine.", "--agents 2, as in the study"
        )
    given = {name: getattr(args, name) for name in (*_K3D_ONLY, "namespace")}
    return {**given, "port": args.gateway_port}


def context_name(args: argparse.Namespace) -> str:
    """The context that was named; MeshtutorError for what only k3d has."""
    wrong = [f"--{name.replace('_', '-')}" for name in _K3D_ONLY if getattr(args, name) is not None]
    if wrong:
        raise MeshtutorError(
            f"{', '.join(wrong)} goes with --on k3d; this cluster is there already.", "leave it out"
        )
    return str(args.context or settings().context or "")
