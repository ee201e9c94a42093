"""The graph in JupyterLab: clicked, and seen to follow the traffic, in both themes."""

from __future__ import annotations

import contextlib

import pytest
from playwright import sync_api as playwright

from tests.browser.conftest import drawn, shoot

NODES, NUMBERS = 4, 3  # traces (charts/graphing.py)
AT_WORK = "() => document.querySelector('.js-plotly-plot').data[3].customdata?.length >= 8"
OLD_EDGE_GONE = """() => !document.querySelector(".js-plotly-plot").data[3].customdata.includes(
  "service:default/reviews -> workload:default/reviews-v2 (http)")"""
FILES = "('destination-rule.yaml', 'reviews-all-v3.yaml')"
SHIFT = f"mesh.apply([study() / 'manifests/06_split_traffic' / name for name in {FILES}])"
PLACES = """() => Object.fromEntries(((trace) => trace.customdata.map((id, i) => [id, [trace.x[i], trace.y[i]]]))(
  document.querySelector(".js-plotly-plot").data[4]))"""
APPLICATION = {"service:default/reviews", "workload:default/productpage-v1", "workload:default/reviews-v2"}
RATES = """() => [...document.querySelectorAll("td")].map((cell) => cell.innerText)
  .filter((words) => words.endsWith("requests/s")).join()"""
PIXELS = """([trace, id]) => {
  const plot = document.querySelector(".js-plotly-plot"), found = plot.data[trace], box = plot.getBoundingClientRect();
  const index = found.customdata.indexOf(id), {xaxis, yaxis} = plot._fullLayout;
  return [box.x + xaxis._offset + xaxis.d2p(found.x[index]), box.y + yaxis._offset + yaxis.d2p(found.y[index])];
}"""


@pytest.fixture
def graph(opened):
    """The widget in a notebook of its own, with traffic through the gateway."""
    page = opened("graph", "graph = mt.widgets.MeshGraph(mesh)\ngraph")
    drawn(page)
    page.get_by_role("button", name="Send traffic").click()
    page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[3].customdata?.length >= 11")
    return page


def click(page, trace: int, id_: str, shown: str) -> None:
    """Click the middle of a point of the picture until what belongs to it is shown.

    Once is enough for a person, who sees the picture while they click: where a leftover of other tests goes, the rest
    of it grows.
    """
    for _ in range(5):
        page.locator(".js-plotly-plot").scroll_into_view_if_needed()
        page.mouse.click(*page.evaluate(PIXELS, [trace, id_]))
        with contextlib.suppress(playwright.TimeoutError):
            page.get_by_text(shown).first.wait_for(timeout=5000)
            return
    raise AssertionError(f"a click on {id_} does not show {shown!r}")


def test_a_click_shows_a_nodes_numbers_and_an_edges_and_nothing_moves_meanwhile(graph, theme):
    settle(graph)
    before = graph.evaluate(PLACES)
    click(graph, NODES, "workload:default/reviews-v2", "workload reviews-v2 in default")
    graph.get_by_role("cell", name="pods ready").wait_for()
    shoot(graph, f"mesh graph {theme}")
    edge = "service:default/productpage -> workload:default/productpage-v1 (http)"
    click(graph, NUMBERS, edge, "productpage → productpage-v1")
    graph.get_by_role("cell", name="mutual TLS").wait_for()
    graph.get_by_text("VirtualService default/bookinfo").wait_for()
    after = graph.evaluate(PLACES)
    assert {id_: place for id_, place in after.items() if id_ in before} == {
        id_: place for id_, place in before.items() if id_ in after
    }
    assert before.keys() & after.keys() >= APPLICATION, "a leftover may go meanwhile, the application stays"


def test_what_is_chosen_by_keyboard_is_shown_as_well_and_its_yaml_unfolds(graph):
    graph.locator(".widget-dropdown select").first.select_option(label="productpage (service)")
    graph.get_by_text("service productpage in default").wait_for()
    graph.get_by_text("VirtualService default/bookinfo").click()
    graph.get_by_text("/productpage", exact=False).first.wait_for()
    before = graph.evaluate(RATES)
    graph.wait_for_function(f"before => ({RATES})() !== before", arg=before)
    assert graph.get_by_text("/productpage", exact=False).first.is_visible(), (
        "it stays unfolded while numbers change"
    )


def test_a_shift_of_traffic_shows_on_the_edges(opened):
    shown = "graph = mt.widgets.MeshGraph(mesh, '5s')\ngraph"
    page = opened("graph-shift", f"from meshtutor.config import study\n{SHIFT}", shown)
    drawn(page)
    page.get_by_role("button", name="Send traffic").click()
    page.wait_for_function(AT_WORK)
    page.wait_for_function(OLD_EDGE_GONE)  # what was sent before the shift leaves the window


def settle(page) -> None:
    """Wait until the layout has been the same for some graphs: then it stays (charts/layering.py)."""
    seen = [None] * 5
    while len({str(places) for places in seen}) > 1 or seen[0] is None:
        seen = [*seen[1:], page.evaluate(PLACES)]
        page.wait_for_timeout(1100)
