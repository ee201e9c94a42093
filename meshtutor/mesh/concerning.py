"""Which objects of Istio's and the Gateway API's concern a node or an edge of the graph, and why.

Routing rules concern Services: a VirtualService by its hosts or by where its routes lead, a DestinationRule by its
host, a route of the Gateway API by its parents or its backends. Policies concern workloads: by their selector, else all
of their namespace, and those in the root namespace the whole mesh. A gateway has its Gateways and what is attached to
them. Calls have the rules of the Service, and the policies by which the workloads behind it let them in.
Source: the `host`, `hosts` and `selector` fields in istio.io/latest/docs/reference/config; see also `attached`.

Left out: `exportTo`, `workloadSelector` of DestinationRule, waypoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.kube import hosts, kinds, objects, reach
from meshtutor.kube.client import KubeClient
from meshtutor.mesh import attached
from meshtutor.mesh.changes import title
from meshtutor.telemetry.graph import Edge, Graph, Node
from meshtutor.telemetry.graph.standing import Standing

Object = dict[str, Any]
ROOT: Final = "istio-system"
READ: Final = (
    kinds.VIRTUAL_SERVICE, kinds.DESTINATION_RULE, kinds.GATEWAY, kinds.SERVICE_ENTRY, kinds.SIDECAR,
    kinds.AUTHORIZATION_POLICY, kinds.PEER_AUTHENTICATION, kinds.REQUEST_AUTHENTICATION, kinds.TELEMETRY,
    kinds.KUBERNETES_GATEWAY, kinds.HTTP_ROUTE, kinds.GRPC_ROUTE, kinds.REFERENCE_GRANT,
)  # fmt: skip
_BY_SELECTOR: Final = {
    "AuthorizationPolicy": "selector",
    "PeerAuthentication": "selector",
    "RequestAuthentication": "selector",
    "Telemetry": "selector",
    "Sidecar": "workloadSelector",
}
_LETTING_IN: Final = ("PeerAuthentication", "RequestAuthentication", "AuthorizationPolicy")


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
        return [
            obj for found in threads.map(lambda kind: reach.look(kube, kind), READ) for obj in found or ()
        ]


def of_node(node: Node, standing: Standing, rules: Iterable[Object]) -> tuple[Rule, ...]:
    """The rules for a node; `standing` knows the labels of a workload's pods and those that a Service chooses."""
    found = list(rules)
    if node.kind == "gateway":
        return (*_of_gateway(node, standing, found), *_of_workload(node, standing, found))
    if node.kind == "workload":
        return tuple(_of_workload(node, standing, found))
    return tuple(_of_host(_host(node), found))


def of_edge(graph: Graph, edge: Edge, standing: Standing, rules: Iterable[Object]) -> tuple[Rule, ...]:
    """The rules for the calls of an edge: those of the Service at one of its ends, and who is let in behind it."""
    found = list(rules)
    target = graph.node(edge.target)
    ends = [node for node in (target, graph.node(edge.source)) if node.kind == "service"]
    policies = [obj for obj in found if obj["kind"] in _LETTING_IN]
    asked = [
        rule
        for node in _answering(graph, target, standing)
        for rule in _of_workload(node, standing, policies)
    ]
    told = (*(_of_host(_host(ends[0]), found) if ends else ()), *asked)
    return tuple({id(rule.object): rule for rule in told}.values())


def _answering(graph: Graph, target: Node, standing: Standing) -> list[Node]:
    """The workloads that answer: the target, or those behind a Service, called or only chosen by it."""
    if target.kind != "service":
        return [target] if target.kind in ("workload", "gateway") else []
    called = {edge.target for edge in graph.out_of(target.id)}
    service = (target.namespace, target.name)
    return [
        node
        for node in graph.nodes
        if node.kind in ("workload", "gateway")
        and (
            node.id in called
            or standing.chooses(service, node.namespace, standing.labels(node.namespace, node.name))
        )
    ]


def _of_host(host: str, rules: Iterable[Object]) -> Iterator[Rule]:
    for obj in rules:
        if why := _why_of_host(host, obj):
            yield Rule(obj, why)


def _why_of_host(host: str, obj: Object) -> str:
    """Why an object concerns a host, "" if it does not."""
    namespace, spec = objects.namespace(obj), objects.spec(obj)
    why = ""
    match obj["kind"]:
        case "VirtualService":
            if any(hosts.covers(str(one), host, namespace) for one in spec.get("hosts") or ()):
                why = "it is one of its hosts"
            elif any(hosts.covers(one, host, namespace) for one in _destinations(spec)):
                why = "its routes lead here"
        case kind if kind in attached.ROUTES:
            if host in attached.parent_hosts(obj):
                why = "it is one of its parents"
            elif host in attached.backend_hosts(obj):
                why = "its rules lead here"
        case "DestinationRule" if hosts.covers(str(spec.get("host", "")), host, namespace):
            why = "it is its host"
        case "ServiceEntry" if host in (spec.get("hosts") or ()):
            why = "it brings this host into the mesh"
        case "ReferenceGrant" if whose := attached.granted(obj, host):
            why = f"it lets {whose} lead here"
    return why


def _of_gateway(node: Node, standing: Standing, rules: list[Object]) -> Iterator[Rule]:
    """Its Gateways, and the VirtualServices and routes that are attached to them."""
    opened = [obj for obj in rules if obj["kind"] == "Gateway" and attached.opens(obj, node, standing)]
    yield from (Rule(obj, "it opens ports of this gateway") for obj in opened)
    names = {attached.gateway_named(obj) for obj in opened}
    for obj in rules:
        found = next((one for one in attached.gateways_of(obj) if one in names), None)
        if found:
            yield Rule(obj, f"it is attached to Gateway {found.name}")


def _of_workload(node: Node, standing: Standing, rules: Iterable[Object]) -> Iterator[Rule]:
    labels = standing.labels(node.namespace, node.name)
    for obj in rules:
        kind = obj["kind"]
        if kind not in _BY_SELECTOR or objects.namespace(obj) not in (node.namespace, ROOT):
            continue
        targeted = attached.targets(obj, node, labels)
        chosen = objects.spec(obj).get(_BY_SELECTOR[kind]) or {}
        selector = chosen.get("matchLabels") or chosen.get("labels") or {}
        if targeted:
            yield Rule(obj, "its targetRefs")
        elif targeted is None and selector.items() <= labels.items():
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
