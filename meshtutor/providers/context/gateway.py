"""Where the ingress gateway answers from here: a load balancer, a node's port, or a port-forward that we keep."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.config import study
from meshtutor.errors import ApiStatusError
from meshtutor.kube import kinds, manifests, objects, reach
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import NODE
from meshtutor.providers.context import ownership

Object = dict[str, Any]
_HTTP: Final = ("http2", "http", "http-80", "web")
_REACH_SECONDS: Final = 1.5
_USUAL: Final = ("istio-system", "istio-ingress", "istio-gateway", "istio-gateways")
_OF_ONE: Final = "gateway.networking.k8s.io/gateway-name"  # made by istiod for one Gateway of the Gateway API


@dataclass(frozen=True)
class Way:
    """A URL without a trailing slash, and how it leads to the gateway: LoadBalancer, NodePort or port-forward."""

    url: str
    kind: str


def selected() -> dict[str, str]:
    """The labels by which the study's Gateway chooses the pods that serve it."""
    found = manifests.load(study() / "manifests" / "gateway")
    return dict(next(objects.spec(obj)["selector"] for obj in found if kinds.kind_of(obj) == kinds.GATEWAY))


def services(kube: KubeClient, namespaces: Iterable[str], labels: Mapping[str, str]) -> list[Object]:
    """The Services of gateways whose pods have these labels, that of istio-system first; a learner's own is left out.

    Sought in the whole cluster, or where that may not be read in `namespaces` and those that gateways usually have.
    """
    places, text = tuple(dict.fromkeys((*_USUAL, *namespaces))), selector(labels)
    pods, _ = reach.list_everywhere(kube, kinds.POD, places, text)
    deployments, _ = reach.list_everywhere(kube, kinds.DEPLOYMENT, places, text)
    runs = [(objects.namespace(pod), pod) for pod in pods]
    runs += [(objects.namespace(d), objects.spec(d)["template"]) for d in deployments]
    routers = [(at, objects.labels(one)) for at, one in runs if _is_router(one)]
    found = [
        service
        for place in dict.fromkeys(at for at, _ in routers)
        for service in reach.list_if_shown(kube, kinds.SERVICE, place)
        if any(at == place and leads_to(service, of_pod) for at, of_pod in routers)
        and not _belongs_to_one(objects.labels(service))
    ]
    return sorted(
        found, key=lambda s: (objects.namespace(s) != _USUAL[0], objects.namespace(s), objects.name(s))
    )


def _belongs_to_one(labels: Mapping[str, str]) -> bool:
    """Made for one Gateway of the Gateway API, or by `up` for one learner."""
    return _OF_ONE in labels or labels.get(ownership.LABEL) == ownership.OURS


def leads_to(service: Object, labels: Mapping[str, str]) -> bool:
    """Whether a Service has pods with these labels."""
    wanted = objects.spec(service).get("selector") or {}
    return bool(wanted) and wanted.items() <= labels.items()


def selector(labels: Mapping[str, str]) -> str:
    """Labels in kubectl's syntax."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _is_router(pod: Object) -> bool:
    """Istio starts a gateway's proxy with `proxy router`; an injected one's template names the template `gateway`."""
    injected = objects.annotations(pod).get("inject.istio.io/templates", "")
    return "gateway" in injected.split(",") or any(
        "router" in (c.get("args") or ()) for c in objects.spec(pod).get("containers") or ()
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
