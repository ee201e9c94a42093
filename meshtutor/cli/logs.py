"""Print a pod's log, as `kubectl logs` does; a deployment's name is enough."""

from __future__ import annotations

import argparse
from typing import Any

from meshtutor.cli import render
from meshtutor.cli.result import Result
from meshtutor.errors import NotFoundError
from meshtutor.providers.base import Provider
from meshtutor.providers.resolve import resolve


def arguments(parser: argparse.ArgumentParser) -> None:
    """The same flags as kubectl's."""
    parser.add_argument("pod", metavar="POD", help="name of the pod, or the beginning of it")
    parser.add_argument("--namespace", "-n", help="default: the lab's")
    parser.add_argument("--container", "-c", default="", help="e.g. istio-proxy")
    parser.add_argument("--follow", "-f", action="store_true")
    parser.add_argument("--previous", "-p", action="store_true", help="of the run before the last restart")
    parser.add_argument("--tail", type=int, default=-1, metavar="LINES")


def run(args: argparse.Namespace) -> Result:
    """Streams to standard output; the result is empty."""
    provider = resolve(args.name, start=False)
    namespace = args.namespace or provider.namespace
    pod = _pod(provider, namespace, args.pod)
    params = {"container": args.container or _app_container(pod)}
    params |= {"follow": "true"} if args.follow else {}
    params |= {"previous": "true"} if args.previous else {}
    params |= {"tailLines": str(args.tail)} if args.tail >= 0 else {}
    path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/log"
    for chunk in provider.http.stream(path, params):
        render.raw(chunk)
    return Result()


def _pod(provider: Provider, namespace: str, name: str) -> dict[str, Any]:
    pods: list[dict[str, Any]] = provider.http.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    names = [pod["metadata"]["name"] for pod in pods]
    for pod in pods:
        if pod["metadata"]["name"] == name:
            return pod
    for pod in pods:
        if pod["metadata"]["name"].startswith(f"{name}-"):
            return pod
    raise NotFoundError(
        {"code": 404, "reason": "NotFound", "message": f"No pod {name!r} in namespace {namespace!r}."},
        f"Pods there: {', '.join(names) or 'none'}.",
    )


def _app_container(pod: dict[str, Any]) -> str:
    """The first container that is not the sidecar: kubectl's default, by the same annotation's sense."""
    names: list[str] = [container["name"] for container in pod["spec"]["containers"]]
    return next((name for name in names if name != "istio-proxy"), names[0])
