"""The graph and the golden signals of a running lab: real Envoys, real Prometheus."""

from __future__ import annotations

import time

import pytest

import meshtutor as mt
from meshtutor.telemetry.graph import Graph

ABORT = "manifests/07_inject_faults/ratings-abort-30.yaml"


@pytest.fixture(scope="module")
def busy(lab):
    """A mesh whose page is asked for all the time."""
    with mt.connect() as mesh:
        mesh.reset()
        mesh.load(mesh.gateway + "/productpage", rate=20, seconds=120)
        yield mesh
        mesh.reset()


def graph_when(mesh, wanted, timeout: float = 40.0) -> Graph:
    """The first graph of the last ten seconds that is as wanted."""
    deadline = time.monotonic() + timeout
    while not wanted(graph := mesh.graph("10s")):
        assert time.monotonic() < deadline, repr(graph)
        time.sleep(0.5)
    return graph


def complete(graph: Graph) -> bool:
    """Whether every call of the page is there, its latency known."""
    return len(graph.edges) >= 11 and all(edge.p95 is not None and edge.mtls for edge in graph.edges)


def test_every_call_of_the_page_is_an_edge_with_its_numbers(busy):
    graph = graph_when(busy, complete)
    assert graph.node("istio-ingressgateway").kind == "gateway"
    page = graph.edge("istio-ingressgateway", "productpage")
    assert page.rate > 0
    assert page.mtls == pytest.approx(1.0)
    assert {edge.target.partition("/")[2] for edge in graph.out_of("reviews")} == {
        "reviews-v1",
        "reviews-v2",
        "reviews-v3",
    }
    total = sum(edge.rate for edge in graph.out_of("reviews"))
    assert total == pytest.approx(graph.node("reviews").rate_in)
    assert all(node.sidecar for node in graph.nodes if node.pods)


def test_a_fault_is_seen_by_the_callers_and_by_nobody_else(busy):
    busy.apply(ABORT)
    graph = graph_when(busy, lambda graph: graph.node("ratings").health == "failure")
    assert graph.edge("reviews-v3", "ratings").errors > 0
    assert graph.edge("ratings", "ratings-v1").errors == 0  # it never got those requests
    assert set(graph.edge("reviews-v3", "ratings").flags) == {"FI"}
    busy.delete(ABORT)


def test_the_signals_of_a_service_and_of_its_versions_agree(busy):
    deadline = time.monotonic() + 40
    while not (board := busy.signals("reviews")).total or len(board.parts) < 3 or not board.total.last("p99"):
        assert time.monotonic() < deadline, repr(board)
        time.sleep(0.5)
    assert [one.name for one in board.parts] == ["reviews-v1", "reviews-v2", "reviews-v3"]
    assert all(one.last("p50") <= one.last("p99") for one in (board.total, *board.parts) if one.last("p99"))


def test_without_traffic_the_graph_says_why(busy):
    busy.close()
    graph = graph_when(busy, lambda graph: not graph.edges)
    assert "No growth in the last 10 s" in graph.notes[0]
    assert graph.node("reviews").idle


QUIET = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: quiet}
spec:
  metrics:
  - overrides: [{disabled: true}]
"""


def test_metrics_that_a_telemetry_switches_off_are_the_reason_for_an_empty_graph(busy):
    busy.apply(QUIET)
    busy.send("reviews", n=5)
    graph = graph_when(busy, lambda graph: not graph.edges)
    assert graph.notes == (
        "No request from or to default is counted: Telemetry default/quiet switches the metrics off.",
    )
    busy.delete(QUIET)
