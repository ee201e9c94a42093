"""What a learner names -> kinds, objects and columns; and waiting for a number in Prometheus."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshtutor.display.tables import Column
from meshtutor.errors import MeshtutorError, NotReadyError
from meshtutor.kube import kinds, rollouts
from meshtutor.kube.kinds import Kind
from meshtutor.telemetry.pages import is_scraped
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.telemetry.results import Vector

NAME_ONLY: Final[tuple[Column, ...]] = (("name", lambda obj: obj["metadata"]["name"]),)
POD_COLUMNS: Final[tuple[Column, ...]] = (
    ("name", lambda pod: pod["metadata"]["name"]),
    ("ready", rollouts.ready_column),
    ("status", rollouts.phase),
    ("restarts", rollouts.restarts),
    ("version", lambda pod: pod["metadata"].get("labels", {}).get("version", "")),
    ("ip", lambda pod: pod.get("status", {}).get("podIP", "")),
    ("node", lambda pod: pod["spec"].get("nodeName", "")),
)
SERVICE_COLUMNS: Final[tuple[Column, ...]] = (
    ("name", lambda service: service["metadata"]["name"]),
    ("type", lambda service: service["spec"].get("type", "ClusterIP")),
    ("cluster ip", lambda service: service["spec"].get("clusterIP", "")),
    ("ports", lambda service: ", ".join(str(port["port"]) for port in service["spec"].get("ports", ()))),
    (
        "selector",
        lambda service: ",".join(f"{k}={v}" for k, v in (service["spec"].get("selector") or {}).items()),
    ),
)


def named(kind: str, name: str) -> dict[str, Any]:
    """An object that says no more than its kind and name."""
    found = kind_called(kind)
    return {"apiVersion": found.api_version, "kind": found.kind, "metadata": {"name": name}}


def kind_called(name: str) -> Kind:
    """The kind meant by `VirtualService`, `vs` or `virtualservices.networking.istio.io`."""
    wanted = name.lower()
    for kind in kinds.ALL:
        if wanted in (kind.kind.lower(), kind.plural, kind.resource, *kind.short_names):
            return kind
    known = sorted({kind.kind for kind in kinds.ALL})
    close = difflib.get_close_matches(name, known, n=1)
    raise MeshtutorError(
        f"No kind {name!r}.", f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}"
    )


def app_container(pod: Mapping[str, Any]) -> str:
    """The first container that is not the sidecar."""
    names = [container["name"] for container in pod["spec"]["containers"]]
    return next((str(name) for name in names if name != "istio-proxy"), str(names[0]))


def wait_for_value(prometheus: Prometheus, promql: str, at_least: float, timeout: float) -> Vector:
    """Wait until the values of a query add up to `at_least`; NotReadyError says how far it came."""
    deadline = time.monotonic() + timeout
    while True:
        result = prometheus.query(promql)
        total = sum(sample.value for sample in result)
        if result and total >= at_least:
            return result
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"{promql!r} is {total:g} after {timeout:g} s; expected at least {at_least:g}.",
                'mesh.prometheus.query("up") shows whether the proxies are scraped',
            )
        time.sleep(0.1)


def scraped(pods: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the ready pods that ask Prometheus to be scraped."""
    return [pod["metadata"]["name"] for pod in pods if rollouts.is_ready(dict(pod)) and is_scraped(pod)]
