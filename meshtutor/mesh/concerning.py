"""Which of Istio's objects concern a node or an edge of the graph, and why.

Routing rules concern Services: a VirtualService by its hosts or by where its routes lead, a DestinationRule by its
host. Policies concern workloads: by their selector, else all of their namespace, and those in the root namespace the
whole mesh. Source: the `host`, `hosts` and `selector` fields in istio.io/latest/docs/reference/config.

Left out: `exportTo`, `workloadSelector` of DestinationRule, `targetRefs` (Gateway API).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import ApiStatusError
from meshtutor.kube import hosts, kinds, objects
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind
from meshtutor.mesh.changes import title
from meshtutor.telemetry.graph import Edge, Graph, Node

Object = dict[str, Any]
ROOT: Final = "istio-system"
READ: Final = (
    kinds.VIRTUAL_SERVICE, kinds.DESTINATION_RULE, kinds.GATEWAY, kinds.SERVICE_ENTRY, kinds.SIDECAR,
    kinds.AUTHORIZATION_POLICY, kinds.PEER_AUTHENTICATION, kinds.REQUEST_AUTHENTICATION, kinds.TELEMETRY,
)  # fmt: skip
_BY_SELECTOR: Final = {
    "AuthorizationPolicy": "selector",
    "PeerAuthentication": "selector",
    "RequestAuthentication": "selector",
    "Telemetry": "selector",
    "Sidecar": "workloadSelector",
}


@dataclass(frozen=True)
class Rule:
    """An object and in a few words why it matters here."""

    object: Object
    why: str

    @property
    def title(self) -> str:
        """Kind and name, with the namespace where it is not the learner's own."""
        return title(self.object)


def read_rules(kube: KubeClient) -> list[Object]:
    """All rules that may be read; kinds that a cluster lacks or hides are left out."""
    with ThreadPoolExecutor(4) as threads:
        return [obj for found in threads.map(lambda kind: _list(kube, kind), READ) for obj in found]


def of_node(node: Node, labels: Mapping[str, str], rules: Iterable[Object]) -> tuple[Rule, ...]:
    """The rules for a node; `labels` are those of a workload's pods, empty for a Service."""
    if node.kind in ("workload", "gateway"):
        return tuple(_of_workload(node, labels, rules))
    return tuple(_of_host(_host(node), rules))


def of_edge(graph: Graph, edge: Edge, rules: Iterable[Object]) -> tuple[Rule, ...]:
    """The rules for the calls of an edge: those of the Service at one of its ends."""
    ends = [node for node in (graph.node(edge.target), graph.node(edge.source)) if node.kind == "service"]
    return tuple(_of_host(_host(ends[0]), rules)) if ends else ()


def _of_host(host: str, rules: Iterable[Object]) -> Iterator[Rule]:
    for obj in rules:
        namespace, spec = objects.namespace(obj), objects.spec(obj)
        if obj["kind"] == "VirtualService":
            if any(hosts.covers(str(one), host, namespace) for one in spec.get("hosts") or ()):
                yield Rule(obj, "it is one of its hosts")
            elif any(hosts.covers(one, host, namespace) for one in _destinations(spec)):
                yield Rule(obj, "its routes lead here")
        elif obj["kind"] == "DestinationRule" and hosts.covers(str(spec.get("host", "")), host, namespace):
            yield Rule(obj, "it is its host")
        elif obj["kind"] == "ServiceEntry" and host in (spec.get("hosts") or ()):
            yield Rule(obj, "it brings this host into the mesh")


def _of_workload(node: Node, labels: Mapping[str, str], rules: Iterable[Object]) -> Iterator[Rule]:
    for obj in rules:
        spec, kind = objects.spec(obj), obj["kind"]
        if kind == "Gateway" and node.kind == "gateway":
            selector = spec.get("selector") or {}
            if selector.items() <= labels.items():
                yield Rule(obj, "it opens ports of this gateway")
        elif kind in _BY_SELECTOR and objects.namespace(obj) in (node.namespace, ROOT):
            chosen = spec.get(_BY_SELECTOR[kind]) or {}
            selector = chosen.get("matchLabels") or chosen.get("labels") or {}
            if selector.items() <= labels.items():
                yield Rule(obj, _reach(obj, selector))


def _reach(obj: Object, selector: Mapping[str, str]) -> str:
    if selector:
        return "its selector: " + ", ".join(f"{key}={value}" for key, value in selector.items())
    return "for the whole mesh" if objects.namespace(obj) == ROOT else "for the whole namespace"


def _destinations(spec: Mapping[str, Any]) -> Iterator[str]:
    """The hosts to which the routes of a VirtualService lead, mirrors included."""
    for rule in (one for part in ("http", "tcp", "tls") for one in spec.get(part) or ()):
        found = [
            route.get("destination") for route in (*(rule.get("route") or ()), *(rule.get("mirrors") or ()))
        ]
        yield from (str((one or {}).get("host", "")) for one in (*found, rule.get("mirror")))


def _host(node: Node) -> str:
    return f"{node.name}.{node.namespace}.{hosts.DOMAIN}" if "." not in node.name else node.name


def _list(kube: KubeClient, kind: Kind) -> list[Object]:
    try:
        return kube.list(kind)
    except ApiStatusError:
        return []
