"""Where a graph's nodes stand, and what its picture shows."""

from __future__ import annotations

from itertools import combinations

from meshtutor.charts import graphing, mesh_graph
from meshtutor.charts.layering import Layout, columns_of
from meshtutor.telemetry.graph import Edge, Graph, Node

CALLS = (("gateway", "page"), ("page", "page-v1"), ("page-v1", "reviews"), ("page-v1", "details"),
         ("details", "details-v1"), ("reviews", "reviews-v1"), ("reviews", "reviews-v2"),
         ("reviews-v2", "ratings"), ("client", "reviews"))  # fmt: skip


def graph_of(calls, idle: tuple[str, ...] = (), **edge) -> Graph:
    names = sorted({name for call in calls for name in call} | set(idle))
    nodes = (
        Node(name, "workload", "istio-system" if name == "gateway" else "default", name) for name in names
    )
    settings = {"rate": 1.0, "codes": {"200": 1.0}} | edge
    return Graph(tuple(nodes), tuple(Edge(*call, "http", **settings) for call in calls), ("default",), 10.0)


def settled(*graphs: Graph) -> Layout:
    layout = Layout()
    for graph in graphs:
        layout.update(graph)
    while not layout.settled:
        layout.update(graphs[-1])
    return layout


def test_callers_stand_left_of_the_called_and_no_two_nodes_share_a_place():
    places = settled(graph_of(CALLS, ("idle-a", "idle-b"))).places
    assert all(places[source][0] < places[target][0] for source, target in CALLS)
    assert places["client"][0] == places["reviews"][0] - 1
    for (_, one), (_, other) in combinations(places.items(), 2):
        assert one[0] != other[0] or abs(one[1] - other[1]) >= 0.999


def test_the_same_graph_has_the_same_places_in_whatever_order_it_came():
    parts = [graph_of(CALLS[:n]) for n in (2, 5, 7)]
    assert settled(*parts, graph_of(CALLS)).places == settled(graph_of(CALLS)).places


def test_nodes_keep_their_places_while_others_come_and_go():
    layout = settled(graph_of(CALLS, ("idle-a", "idle-b")))
    before = dict(layout.places)
    assert not layout.update(graph_of(CALLS[:4], ("idle-b",)))
    assert {name: layout.places[name] for name in before if name != "idle-a"} == {
        name: place for name, place in before.items() if name != "idle-a"
    }
    layout.update(graph_of((*CALLS, ("reviews", "reviews-v3")), ("idle-a", "idle-b", "idle-c")))
    busy = {name for call in CALLS for name in call}
    assert {name: layout.places[name] for name in busy} == {name: before[name] for name in busy}
    assert layout.places["idle-b"][0] == before["idle-b"][0]


def test_a_cycle_has_an_end():
    columns = columns_of([("a", "b"), ("b", "c"), ("c", "a"), ("c", "c")])
    assert columns == {"a": 0, "b": 1, "c": 2}
    places = settled(graph_of((("a", "b"), ("b", "a")))).places
    assert places["a"] != places["b"]


def test_boxes_of_namespaces_do_not_overlap():
    layout = settled(graph_of(CALLS))
    assert layout.boxes["istio-system"].bottom + 1 <= layout.boxes["default"].top


def test_errors_are_said_in_words_and_by_the_dash_of_the_line():
    graph = graph_of(CALLS[:1], rate=4.0, codes={"200": 3.0, "503": 1.0}, mtls=1.0, p95=12.5)
    layout = settled(graph)
    drawn = graphing.traces(graph, layout)
    assert drawn[graphing.NUMBERS].text == ("4.0/s · <b>25% err</b><br>12.5 ms",)
    assert len(drawn[0].x) == 0  # nothing is healthy
    assert drawn[2].line.dash == "dot"
    assert len([shape for shape in graphing.shapes(graph, layout) if shape["type"] == "path"]) == 1


def test_an_empty_graph_draws_its_reason():
    chart = mesh_graph(Graph((), (), ("default",), 10.0, notes=("No traffic yet.",)))
    assert [note.text for note in chart.layout.annotations] == ["No traffic yet."]
    assert repr(chart) == "No traffic yet."
