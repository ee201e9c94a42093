"""Which rules concern a node of the graph."""

from __future__ import annotations

import pytest

from meshtutor.errors import NotFoundError
from meshtutor.kube import kinds
from meshtutor.mesh.concerning import of_edge, of_node, read_rules
from meshtutor.telemetry.graph import Edge, Graph, Node
from meshtutor.telemetry.graph.standing import Standing, Workload

V1_ID, GATEWAY_ID = "workload:default/reviews-v1", "workload:istio-system/gw"
REVIEWS = Node("service:default/reviews", "service", "default", "reviews")
V1 = Node(V1_ID, "workload", "default", "reviews-v1")
V2 = Node("workload:default/reviews-v2", "workload", "default", "reviews-v2")
CLIENT = Node("workload:default/client", "workload", "default", "client")
GATEWAY = Node(GATEWAY_ID, "gateway", "istio-system", "gw")
OWN_GATEWAY = Node("workload:istio-system/front-istio", "gateway", "istio-system", "front-istio")


def workload(node: Node, **labels: str) -> Workload:
    return Workload(
        node.namespace, node.name, node.name, "v1", 1, 1, True, node.kind == "gateway", tuple(labels.items())
    )


STANDING = Standing(
    (
        workload(V1, app="reviews", version="v1"),
        workload(V2, app="reviews", version="v2"),
        workload(CLIENT, app="client"),
        workload(GATEWAY, istio="ingressgateway"),
        workload(OWN_GATEWAY, **{"gateway.networking.k8s.io/gateway-name": "front"}),
    ),
    selectors={
        ("default", "reviews"): {"app": "reviews"},
        ("istio-system", "istio-ingressgateway"): {"istio": "ingressgateway"},
    },
)


def rule(kind: str, name: str, namespace: str = "default", **spec) -> dict:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def route(host: str) -> dict:
    return {"route": [{"destination": {"host": host}}]}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (rule("VirtualService", "short", hosts=["reviews"]), "one of its hosts"),
        (
            rule("VirtualService", "whole", "other", hosts=["reviews.default.svc.cluster.local"]),
            "one of its hosts",
        ),
        (rule("VirtualService", "pattern", hosts=["*.default.svc.cluster.local"]), "one of its hosts"),
        (
            rule("VirtualService", "leads", hosts=["shop.example"], http=[route("reviews")]),
            "routes lead here",
        ),
        (
            rule("VirtualService", "mirror", hosts=["x"], http=[{"mirror": {"host": "reviews"}}]),
            "routes lead here",
        ),
        (rule("DestinationRule", "dr", host="reviews"), "its host"),
        (rule("VirtualService", "elsewhere", "other", hosts=["reviews"]), None),
        (rule("DestinationRule", "another", host="ratings"), None),
        (rule("AuthorizationPolicy", "policy"), None),
    ],
)
def test_routing_rules_concern_services(found, why):
    rules = of_node(REVIEWS, STANDING, [found])
    assert [why in one.why for one in rules] == ([True] if why else [])


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (rule("AuthorizationPolicy", "all"), "whole namespace"),
        (rule("PeerAuthentication", "mesh", "istio-system"), "whole mesh"),
        (rule("Telemetry", "mine", selector={"matchLabels": {"app": "reviews"}}), "app=reviews"),
        (rule("Sidecar", "mine", workloadSelector={"labels": {"app": "reviews"}}), "app=reviews"),
        (rule("AuthorizationPolicy", "not", selector={"matchLabels": {"app": "ratings"}}), None),
        (rule("AuthorizationPolicy", "elsewhere", "other"), None),
        (rule("Gateway", "gw", selector={"app": "reviews"}), None),
        (rule("VirtualService", "short", hosts=["reviews"]), None),
    ],
)
def test_policies_concern_workloads(found, why):
    rules = of_node(V1, STANDING, [found])
    assert [why in one.why for one in rules] == ([True] if why else [])


def test_gateways_concern_the_gateway_that_they_select():
    objects = [
        rule("Gateway", "mine", selector={"istio": "ingressgateway"}),
        rule("Gateway", "no", selector={"a": "b"}),
    ]
    assert [one.title for one in of_node(GATEWAY, STANDING, objects)] == ["Gateway default/mine"]


def test_an_edge_has_the_rules_of_the_service_at_its_end():
    edge = Edge(REVIEWS.id, V1.id, "http", 1.0)
    graph = Graph((REVIEWS, V1), (edge,), ("default",), 10.0)
    rules = of_edge(
        graph,
        edge,
        STANDING,
        [rule("DestinationRule", "dr", host="reviews"), rule("DestinationRule", "x", host="y")],
    )
    assert [one.title for one in rules] == ["DestinationRule default/dr"]


# --- the Gateway API

API = "gateway.networking.k8s.io/v1"
SERVICE = {"group": "", "kind": "Service"}
ADDRESS = {"type": "Hostname", "value": "istio-ingressgateway.istio-system.svc.cluster.local"}


def route_to(*parents: dict, namespace: str = "default", kind: str = "HTTPRoute", **rules) -> dict:
    found = rule(kind, "route", namespace, parentRefs=list(parents), rules=[rules])
    return {**found, "apiVersion": API}


def door(**spec) -> dict:
    return {**rule("Gateway", "front", "istio-system", **spec), "apiVersion": API}


def grant(namespace: str = "default", **to) -> dict:
    sales = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "marketing"}
    return rule("ReferenceGrant", "grant", namespace, **{"from": [sales], "to": [{**SERVICE, **to}]})


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (route_to({**SERVICE, "name": "reviews"}), "one of its parents"),
        (route_to({**SERVICE, "name": "reviews"}, kind="GRPCRoute"), "one of its parents"),
        (route_to({**SERVICE, "name": "reviews", "namespace": "default"}, namespace="x"), "one of its parents"),
        (route_to({"name": "front"}, backendRefs=[{"name": "reviews", "port": 9080}]), "rules lead here"),
        (
            route_to(namespace="x", backendRefs=[{"name": "reviews", "namespace": "default"}]),
            "rules lead here",
        ),
        (route_to(filters=[{"requestMirror": {"backendRef": {"name": "reviews"}}}]), "rules lead here"),
        (
            route_to(backendRefs=[{"group": "networking.istio.io", "kind": "Hostname",
                                   "name": "reviews.default.svc.cluster.local"}]),
            "rules lead here",
        ),
        (grant(), "HTTPRoutes of marketing lead here"),
        (grant(name="reviews"), "HTTPRoutes of marketing lead here"),
        (grant(name="ratings"), None),
        (grant("x"), None),
        (route_to({**SERVICE, "name": "reviews"}, namespace="x"), None),
        (route_to({"name": "reviews"}), None),  # a Gateway of that name
        (route_to(backendRefs=[{"name": "reviews", "kind": "Secret"}]), None),
        (door(), None),
    ],
)  # fmt: skip
def test_routes_of_the_gateway_api_concern_services(found, why):
    rules = of_node(REVIEWS, STANDING, [found])
    assert [why in one.why for one in rules] == ([True] if why else [])


def test_a_gateway_s_own_pods_and_those_behind_its_address_have_it_and_its_routes():
    attached = route_to({"name": "front", "namespace": "istio-system"})
    other = route_to({"name": "back", "namespace": "istio-system"})
    for node, gateway in ((OWN_GATEWAY, door()), (GATEWAY, door(addresses=[ADDRESS]))):
        rules = of_node(node, STANDING, [gateway, attached, other])
        assert [one.object for one in rules] == [gateway, attached]
        assert [one.why for one in rules] == [
            "it opens ports of this gateway",
            "it is attached to Gateway front",
        ]
    assert not of_node(GATEWAY, STANDING, [door(), attached])
    assert not of_node(OWN_GATEWAY, STANDING, [door(addresses=[ADDRESS]), attached])


def test_gateways_of_two_apis_may_have_one_name():
    theirs = rule("VirtualService", "vs", "istio-system", hosts=["x"], gateways=["front"])
    route = route_to({"name": "front", "namespace": "istio-system"})
    classic = rule("Gateway", "front", "istio-system", selector={"istio": "ingressgateway"})
    assert [one.object for one in of_node(GATEWAY, STANDING, [classic, theirs, route])] == [classic, theirs]
    assert [one.object for one in of_node(OWN_GATEWAY, STANDING, [door(), theirs, route])] == [door(), route]


@pytest.mark.parametrize("named", ["front", "./front", "istio-system/front", "other/front", "mesh"])
def test_a_virtual_service_is_attached_by_whichever_way_it_names_its_gateway(named):
    classic = rule("Gateway", "front", "istio-system", selector={"istio": "ingressgateway"})
    service = rule("VirtualService", "vs", "istio-system", hosts=["x"], gateways=[named])
    found = [one.object["kind"] for one in of_node(GATEWAY, STANDING, [classic, service])]
    assert found == (["Gateway"] if named in ("other/front", "mesh") else ["Gateway", "VirtualService"])


def test_a_policy_with_target_refs_goes_by_them_and_by_nothing_else():
    ref = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}
    policy = rule("AuthorizationPolicy", "p", "istio-system", targetRefs=[ref])
    assert [one.why for one in of_node(OWN_GATEWAY, STANDING, [policy])] == ["its targetRefs"]
    assert not of_node(GATEWAY, STANDING, [policy])
    assert not of_node(V1, STANDING, [policy])


# --- edges


STRICT = rule("PeerAuthentication", "strict", "istio-system", mtls={"mode": "STRICT"})
ONLY_V2 = rule("AuthorizationPolicy", "v2", selector={"matchLabels": {"version": "v2"}})
OF_CLIENT = rule("AuthorizationPolicy", "client", selector={"matchLabels": {"app": "client"}})
ELSEWHERE = rule("PeerAuthentication", "elsewhere", "other")
POLICIES = [STRICT, ONLY_V2, OF_CLIENT, ELSEWHERE, rule("Telemetry", "t"), rule("Sidecar", "s")]


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((REVIEWS, V1), ["strict"]),
        ((REVIEWS, V2), ["strict", "v2"]),
        ((CLIENT, REVIEWS), ["strict", "v2"]),  # whoever of the two answers
        ((CLIENT, V1), ["strict"]),  # no Service between
        ((V1, CLIENT), ["strict", "client"]),
    ],
)
def test_an_edge_has_the_policies_by_which_the_called_workload_lets_in(ends, expected):
    edge = Edge(ends[0].id, ends[1].id, "http", 1.0)
    graph = Graph((REVIEWS, V1, V2, CLIENT), (edge,), ("default",), 10.0)
    assert [one.object["metadata"]["name"] for one in of_edge(graph, edge, STANDING, POLICIES)] == expected


def test_workloads_that_a_service_without_selector_leads_to_are_known_by_their_calls():
    calls = Edge(CLIENT.id, REVIEWS.id, "http", 1.0), Edge(REVIEWS.id, V2.id, "http", 1.0)
    graph = Graph((REVIEWS, V1, V2, CLIENT), calls, ("default",), 10.0)
    unknown = Standing(STANDING.workloads)
    assert [one.title for one in of_edge(graph, calls[0], unknown, [ONLY_V2])] == [
        "AuthorizationPolicy default/v2"
    ]


def test_a_cluster_without_the_gateway_api_has_its_other_rules():
    class Kube:
        def list(self, kind, namespace=""):
            if kind.group == kinds.GATEWAY_API_GROUP:
                raise NotFoundError(
                    {"code": 404, "message": "the server could not find the requested resource"}
                )
            return [{"kind": kind.kind, "metadata": {"name": "one"}}]

    found = {obj["kind"] for obj in read_rules(Kube())}
    assert {"VirtualService", "PeerAuthentication"} <= found
    assert "HTTPRoute" not in found
