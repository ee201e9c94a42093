"""Where the ingress gateway answers from here: a load balancer, a node's port, or a port-forward that we keep."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import ApiStatusError, LabError
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import NODE, SERVICE

LABELS: Final = "istio=ingressgateway"
_HTTP: Final = ("http2", "http", "http-80", "web")
_REACH_SECONDS: Final = 1.5


@dataclass(frozen=True)
class Way:
    """A URL without a trailing slash, and how it leads to the gateway: LoadBalancer, NodePort or port-forward."""

    url: str
    kind: str


def find_service(kube: KubeClient, namespaces: Iterable[str]) -> dict[str, Any]:
    """The gateway's Service in the first of these namespaces that has one; LabError if none has."""
    tried = list(dict.fromkeys(namespaces))
    for namespace in tried:
        services = kube.list(SERVICE, namespace, labels=LABELS)
        if services:
            return min(services, key=lambda s: str(s["metadata"]["name"]))
    raise LabError(
        f"No ingress gateway: no Service with the label {LABELS} in {' or '.join(tried)}.",
        "istioctl install --set profile=default   # has one; a minimal profile has none",
    )


def http_port(service: dict[str, Any]) -> dict[str, Any]:
    """The port for plain HTTP: by name, else number 80, else the first that is not the status port."""
    ports = service["spec"]["ports"]
    fits = (
        [p for p in ports if p.get("name") in _HTTP],
        [p for p in ports if p["port"] == 80],
        [p for p in ports if p["port"] != 15021],
        ports,
    )
    return dict(next(found[0] for found in fits if found))


def candidates(service: dict[str, Any], nodes: Iterable[dict[str, Any]]) -> list[Way]:
    """Every address under which the gateway may be reached, the best first."""
    port = http_port(service)
    ways = [
        Way(_url(entry.get("hostname") or entry["ip"], port["port"]), "LoadBalancer")
        for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        if entry.get("hostname") or entry.get("ip")
    ]
    if node_port := port.get("nodePort"):
        ways += [Way(_url(address, node_port), "NodePort") for address in _addresses(nodes)]
    return ways


def choose(ways: Iterable[Way], reach: Callable[[Way], bool]) -> Way | None:
    """The first way on which something accepts a connection."""
    return next(filter(reach, ways), None)


def is_reachable(way: Way) -> bool:
    """Whether anything accepts a connection there."""
    host, _, port = way.url.removeprefix("http://").rpartition(":")
    host, port = (host, port) if host else (port, "80")
    try:
        with socket.create_connection((host, int(port)), timeout=_REACH_SECONDS):
            return True
    except OSError:
        return False


def nodes_of(kube: KubeClient) -> list[dict[str, Any]]:
    """The nodes, or none where this user may not see them."""
    try:
        return kube.list(NODE)
    except ApiStatusError:
        return []


def _addresses(nodes: Iterable[dict[str, Any]]) -> list[str]:
    """One address per node, those meant for the outside first; three nodes are enough to try."""
    order = {"ExternalIP": 0, "InternalIP": 1}
    found = []
    for node in nodes:
        usable = [a for a in node.get("status", {}).get("addresses", ()) if a["type"] in order]
        if usable:
            found.append(min(usable, key=lambda a: order[a["type"]])["address"])
    return found[:3]


def _url(host: str, port: int) -> str:
    return f"http://{host}" if port == 80 else f"http://{host}:{port}"
