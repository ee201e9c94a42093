"""Which rules concern a node of the graph."""

from __future__ import annotations

import pytest

from meshtutor.mesh.concerning import of_edge, of_node
from meshtutor.telemetry.graph import Edge, Graph, Node

REVIEWS = Node("service:default/reviews", "service", "default", "reviews")
V1 = Node("workload:default/reviews-v1", "workload", "default", "reviews-v1")
GATEWAY = Node("workload:istio-system/gw", "gateway", "istio-system", "gw")


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
    rules = of_node(REVIEWS, {}, [found])
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
    rules = of_node(V1, {"app": "reviews"}, [found])
    assert [why in one.why for one in rules] == ([True] if why else [])


def test_gateways_concern_the_gateway_that_they_select():
    objects = [
        rule("Gateway", "mine", selector={"istio": "ingressgateway"}),
        rule("Gateway", "no", selector={"a": "b"}),
    ]
    assert [one.title for one in of_node(GATEWAY, {"istio": "ingressgateway"}, objects)] == [
        "Gateway default/mine"
    ]


def test_an_edge_has_the_rules_of_the_service_at_its_end():
    edge = Edge(REVIEWS.id, V1.id, "http", 1.0)
    graph = Graph((REVIEWS, V1), (edge,), ("default",), 10.0)
    rules = of_edge(
        graph, edge, [rule("DestinationRule", "dr", host="reviews"), rule("DestinationRule", "x", host="y")]
    )
    assert [one.title for one in rules] == ["DestinationRule default/dr"]
