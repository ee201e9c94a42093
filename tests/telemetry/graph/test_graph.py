"""What a graph makes of Istio's metrics, and what it says when there is nothing."""

from __future__ import annotations

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.graph import read_graph
from meshtutor.telemetry.graph.health import of_codes, of_pods
from meshtutor.telemetry.graph.standing import Standing, Workload, workload_name
from tests.telemetry.graph.rows import Answers, Objects, labels

PAGE, REVIEWS = "productpage-v1", "reviews"


def workload(name: str, **more) -> Workload:
    settings = {"pods": 1, "ready": 1, "sidecar": True, "gateway": False} | more
    return Workload("default", name, name.rsplit("-", 1)[0], "v1", **settings)


STANDING = Standing((workload(PAGE), workload("reviews-v1")), (("default", REVIEWS),))


def graph_of(standing: Standing = STANDING, window: str = "10s", kube: Objects | None = None, **rows):
    return read_graph(Answers(**rows), kube or Objects(), ("default",), window, standing=standing)


def test_a_call_is_two_edges_and_the_first_adds_up_the_versions():
    calls = [(labels(PAGE, REVIEWS, f"reviews-v{v}"), rate) for v, rate in ((1, 6.0), (2, 3.0))]
    graph = graph_of(requests=calls)
    assert graph.edge(PAGE, REVIEWS).rate == pytest.approx(9.0)
    assert [edge.rate for edge in graph.out_of(REVIEWS)] == [6.0, 3.0]
    assert graph.node("reviews-v2").version == "v2"
    assert graph.node(REVIEWS).rate_in == pytest.approx(9.0)


def test_a_request_that_reached_nobody_ends_at_the_service_and_is_an_error():
    calls = [(labels(PAGE, REVIEWS, "unknown", response_code="503", response_flags="UH"), 1.0),
             (labels(PAGE, REVIEWS, "reviews-v1"), 3.0)]  # fmt: skip
    graph = graph_of(requests=calls)
    edge = graph.edge(PAGE, REVIEWS)
    assert edge.errors == pytest.approx(0.25)
    assert edge.flags == {"UH": 1.0}
    assert edge.health == "failure"
    assert graph.edge(REVIEWS, "reviews-v1").health == "healthy"
    assert graph.node(PAGE).health == "failure"  # what it is answered counts as well


def test_who_has_no_sidecar_is_unknown_and_what_leaves_the_mesh_has_a_node_of_its_own():
    calls = [(labels("unknown", REVIEWS, "reviews-v1"), 1.0), (labels(PAGE, "PassthroughCluster", "unknown"), 2.0),
             (labels(PAGE, "BlackHoleCluster", "unknown"), 1.0)]  # fmt: skip
    graph = graph_of(requests=calls)
    kinds = {node.name: node.kind for node in graph.nodes}
    assert kinds["unknown"] == "unknown"
    assert kinds["PassthroughCluster"] == "passthrough"
    assert kinds["BlackHoleCluster"] == "blackhole"
    assert graph.edge("unknown", REVIEWS).rate == 1.0


def test_latency_and_mutual_tls_stand_on_the_edges_they_were_measured_for():
    call = labels(PAGE, REVIEWS, "reviews-v1")
    to_service = {k: v for k, v in call.items() if "workload" not in k or k.startswith("source")}
    to_workload = {k: v for k, v in call.items() if not k.startswith("source")}
    secure = [
        (call | {"connection_security_policy": policy}, rate)
        for policy, rate in (("mutual_tls", 3.0), ("none", 1.0))
    ]
    graph = graph_of(
        requests=[(call, 4.0)], latency=[(to_service, 12.0), (to_workload, 8.0)], security=secure
    )
    assert graph.edge(PAGE, REVIEWS).p95 == 12.0
    assert graph.edge(REVIEWS, "reviews-v1").p95 == 8.0
    assert graph.edge(PAGE, REVIEWS).mtls == pytest.approx(0.75)


def test_grpc_speaks_by_its_own_status_unless_http_failed():
    ok = labels(PAGE, REVIEWS, "reviews-v1", request_protocol="grpc", grpc_response_status="0")
    bad = ok | {"grpc_response_status": "14"}
    broken = ok | {"response_code": "503"}
    graph = graph_of(requests=[(ok, 8.0), (bad, 1.0), (broken, 1.0)])
    edge = graph.edge(PAGE, REVIEWS)
    assert edge.codes == {"0": 8.0, "14": 1.0, "503": 1.0}
    assert edge.errors == pytest.approx(0.2)


def test_tcp_is_counted_in_bytes_and_is_no_request():
    call = labels(PAGE, "mysql", "mysql-v1")
    del call["request_protocol"], call["response_code"]
    graph = graph_of(tcp=[(call, 512.0)])
    assert graph.edge(PAGE, "mysql").protocol == "tcp"
    assert graph.node("mysql-v1").rate_in == 0
    assert "512 B/s" in repr(graph)


@pytest.mark.parametrize(
    ("codes", "protocol", "health"),
    [
        ({"200": 999, "503": 1}, "http", "degraded"),
        ({"200": 90, "503": 10}, "http", "failure"),
        ({"200": 91, "404": 9}, "http", "healthy"),
        ({"200": 90, "404": 10}, "http", "degraded"),
        ({"200": 80, "404": 20}, "http", "failure"),
        ({"200": 9, "-": 1}, "http", "failure"),
        ({"0": 99, "14": 1}, "grpc", "degraded"),
        ({"": 5}, "tcp", "healthy"),
        ({}, "http", "idle"),
    ],
)
def test_health_is_kialis(codes, protocol, health):
    assert of_codes(codes, protocol) == health


def test_a_workload_without_ready_pods_fails():
    assert [of_pods(*pods) for pods in ((0, 2), (1, 2), (2, 2), (0, 0))] == [
        "failure",
        "degraded",
        "healthy",
        "idle",
    ]


def test_an_empty_graph_says_why():
    bare = Standing((workload("client", sidecar=False),))
    assert "There are no pods in default" in graph_of(Standing()).notes[0]
    assert "No pod in default has a sidecar" in graph_of(bare).notes[0]
    assert "window of 60s or more" in graph_of(scrapes=(1.0,)).notes[0]
    assert "scraped nothing" in graph_of(scrapes=()).notes[0]
    assert "No traffic yet" in graph_of().notes[0]
    assert "17 requests were counted before" in graph_of(total=17.0).notes[0]
    assert not graph_of(requests=[(labels(PAGE, REVIEWS, "reviews-v1"), 1.0)]).notes


OFF = "{metrics: [{overrides: [{disabled: true}]}]}"
WRONG = "{metrics: [{providers: [{name: promethues}]}]}"
HALF = "{metrics: [{overrides: [{match: {mode: SERVER}, disabled: true}]}]}"
COUNT = "{metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, disabled: true}]}]}"
SIZES = "{metrics: [{overrides: [{match: {metric: REQUEST_SIZE}, disabled: true}]}]}"
ON = "{metrics: [{overrides: [{disabled: false}]}]}"
BACK = "{metrics: [{providers: [{name: Prometheus}]}]}"
MESH = "extensionProviders: [{name: jaeger, opentelemetry: {service: jaeger, port: 4317}}]"


@pytest.mark.parametrize(("objects", "said"), [
    ({"default/quiet": OFF}, "is counted: Telemetry default/quiet switches the metrics off."),
    ({"istio-system/quiet": OFF, "default/tags": SIZES}, "No traffic yet"),
    ({"istio-system/quiet": COUNT, "default/tags": SIZES}, "Telemetry istio-system/quiet switches the metrics off."),
    ({"istio-system/quiet": OFF, "default/loud": ON}, "No traffic yet"),
    ({"default/wrong": WRONG}, "provider promethues, which counts nothing: for metrics MeshConfig has prometheus."),
    ({"istio-system/wrong": WRONG, "default/right": BACK}, "No traffic yet"),
    ({"default/half": HALF}, "No traffic yet"),
    ({"elsewhere/quiet": OFF}, "No traffic yet"),
])  # fmt: skip
def test_metrics_that_a_telemetry_switches_off_are_the_reason_and_it_is_named(
    objects: dict[str, str], said: str
):
    kube = Objects(objects, MESH)
    assert said in graph_of(kube=kube).notes[0]
    assert (said if said != "No traffic yet" else "17 requests were counted") in graph_of(
        kube=kube, total=17.0
    ).notes[0]


def test_who_alone_counts_nothing_is_named_beside_the_reason():
    selected = Standing((workload(PAGE, labels=(("app", "productpage"),)), workload("reviews-v1")))
    mine = "{selector: {matchLabels: {app: productpage}}, metrics: [{overrides: [{disabled: true}]}]}"
    notes = graph_of(selected, kube=Objects({"default/mine": mine}, MESH)).notes
    assert "No traffic yet" in notes[0]
    assert notes[1:] == (
        f"Counted by others at most: {PAGE}; Telemetry default/mine switches the metrics off.",
    )


def test_what_may_not_be_read_is_not_blamed():
    assert "No traffic yet" in graph_of(kube=Objects({"default/wrong": WRONG})).notes[0], (
        "MeshConfig is not known"
    )
    assert "No traffic yet" in graph_of(kube=Objects()).notes[0]
    assert "switches the metrics off" in graph_of(kube=Objects({"default/quiet": OFF})).notes[0]


def test_of_a_graph_with_calls_the_kubernetes_api_is_not_asked():
    kube = Objects({"default/quiet": OFF}, MESH)
    assert not graph_of(kube=kube, requests=[(labels(PAGE, REVIEWS, "reviews-v1"), 1.0)]).notes
    assert kube.asked == 0


def test_what_stands_without_traffic_is_there_and_who_lacks_a_sidecar_is_named():
    standing = Standing((workload(PAGE), workload("client", sidecar=False)), (("default", REVIEWS),))
    graph = graph_of(standing, requests=[(labels(PAGE, "details", "details-v1"), 1.0)])
    assert graph.node("client").idle
    assert graph.node(REVIEWS).kind == "service"
    assert graph.notes == ("Without a sidecar, and so seen only from the other side: client.",)


def test_an_edge_that_is_not_there_and_a_name_that_is_not_are_refused_with_names():
    graph = graph_of()
    with pytest.raises(MeshtutorError, match="No traffic from productpage-v1 to reviews"):
        graph.edge(PAGE, REVIEWS)
    with pytest.raises(MeshtutorError, match="No node 'review'"):
        graph.node("review")


def test_a_workload_is_called_as_in_the_metrics():
    owner = {"kind": "ReplicaSet", "name": "reviews-v1-5c9d", "controller": True}
    pod = {
        "metadata": {
            "name": "reviews-v1-5c9d-x",
            "labels": {"pod-template-hash": "5c9d"},
            "ownerReferences": [owner],
        }
    }
    assert workload_name(pod) == "reviews-v1"
    assert workload_name({"metadata": {"name": "lonely"}}) == "lonely"
