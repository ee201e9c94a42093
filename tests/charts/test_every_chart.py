"""What holds for each chart: one palette, no background of its own, named axes with units, nothing that moves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from meshtutor import charts
from meshtutor.display import colors
from meshtutor.mesh.crossings import Crossings, Spot
from meshtutor.telemetry.recorded import two_incidents
from meshtutor.telemetry.scraping import seen, truth
from meshtutor.telemetry.served import Served
from meshtutor.telemetry.traces import Traces
from meshtutor.traffic.history import ShareHistory
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.racing import Timed
from meshtutor.traffic.report import Report
from meshtutor.traffic.tally import Tally
from tests.charts.test_mesh_graph import CALLS, graph_of
from tests.charts.test_signaling import board
from tests.telemetry.some_traces import retried

OUTCOMES = tuple(
    Outcome(status, 5.0 + i, at=100.0 + i, version=version)
    for i, (status, version) in enumerate([(200, "v1"), (200, "v2"), (200, "v3"), (503, "")])
)
PODS = tuple(replace(outcome, pod=f"reviews-{outcome.version}-5d9-x7k2p") for outcome in OUTCOMES[:3])
REPORT = Report("http://reviews/", OUTCOMES)


def shared() -> charts.shares:
    history = ShareHistory(("v1", "v2", "v3"))
    history.aim(100.0, {"v1": 80, "v2": 10, "v3": 10})
    history.add(101.0, Tally({"v1": 8, "v2": 1, "v3": 1}))
    return charts.shares(history)


def lagging() -> charts.scrape_lag:
    history = two_incidents()
    return charts.scrape_lag(
        truth(history), [seen(history, interval, 60.0) for interval in (1.0, 15.0, 60.0)]
    )


def costing() -> charts.cost:
    return charts.cost(
        [Timed(name, ((1.0, 2.0), (1.5, 2.5))) for name in ("direct", "one proxy", "two proxies")]
    )


CROSSINGS = Crossings(
    "client",
    "europe",
    ("brazil", "europe"),
    (
        Spot("v1-a", "v1", "europe", 5, 3, "ejected"),
        Spot("v2-a", "v2", "europe", 7),
        Spot("v3-a", "v3", "brazil", 2),
    ),
)
EXAMPLES: dict[str, Callable[[], Any]] = {
    "answers": lambda: charts.answers(OUTCOMES, OUTCOMES, {"200": 0.7, "503": 0.3}, 110.0),
    "balanced": lambda: charts.balanced(PODS, PODS),
    "compare": lambda: charts.compare(REPORT, REPORT),
    "cost": costing,
    "golden_signals": lambda: charts.golden_signals(board("v1", "v2", "v3", total="reviews")),
    "latency": lambda: charts.latency(REPORT),
    "mesh_graph": lambda: charts.mesh_graph(graph_of(CALLS)),
    "mirrored": lambda: charts.mirrored({"v1": Served(9, 1), "v3": Served(5, 2)}, "v1", "v3", 50),
    "region_map": lambda: charts.region_map(CROSSINGS),
    "requests_needed": lambda: charts.requests_needed(0.1, (0.2, 0.5)),
    "scrape_lag": lagging,
    "shares": shared,
    "timeline": lambda: charts.timeline(REPORT),
    "trace_scatter": lambda: charts.trace_scatter(Traces("all", (retried(),)), "abc"),
    "waterfall": lambda: charts.waterfall(retried()),
}
PALETTE = {*colors.CYCLE, colors.VERMILION, colors.GREY}
NEUTRAL = {"#1a1a1a", "#ffffff"}  # ink on a filled node
NO_AXES = {"mesh_graph", "region_map"}  # pictures, whose numbers stand in them with their units
UNIT = re.compile(r"\(|/s|requests|seconds ago|percentile|status|version|scrapes|rather|began at|per second")


def used(value: Any) -> Iterator[str]:
    """Every colour in a figure, as `#rrggbb`."""
    for found in re.findall(r'"(#[0-9a-fA-F]{3,8}|rgba?\([^)]*\))"', json.dumps(value)):
        if found.startswith("#"):
            yield found
        else:
            red, green, blue = (int(part) for part in found[found.index("(") + 1 : -1].split(",")[:3])
            if not found.endswith(",0)"):  # nothing is to be seen of it
                yield f"#{red:02X}{green:02X}{blue:02X}"


@pytest.fixture(params=EXAMPLES)
def named(request: pytest.FixtureRequest) -> tuple[str, Any]:
    return request.param, json.loads(EXAMPLES[request.param]().to_json())


def test_every_chart_there_is_has_an_example_here():
    assert set(EXAMPLES) == set(charts.__all__)


def test_its_colours_are_those_that_everybody_can_tell_apart(named):
    _, figure = named
    allowed = {color.upper() for color in PALETTE | NEUTRAL}
    assert {color.upper() for color in used(figure)} <= allowed


def test_it_has_no_background_of_its_own_and_letters_for_both_themes(named):
    _, figure = named
    assert figure["layout"]["paper_bgcolor"] == figure["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert figure["layout"]["font"]["color"] == colors.GREY


def test_each_axis_with_numbers_has_a_name_and_a_unit(named):
    name, figure = named
    axes = {key: axis for key, axis in figure["layout"].items() if re.fullmatch(r"[xy]axis\d*", key)}
    assert axes
    if name in NO_AXES:
        return
    said = [
        axis.get("title", {}).get("text", "") for axis in axes.values() if axis.get("showticklabels", True)
    ]
    titles = [title for title in said if title]
    assert len(titles) >= len(said) / 2, "a column of plots may name the axis that they share once"
    assert all(UNIT.search(title) for title in titles), titles


def test_nothing_moves_by_itself(named):
    """So there is nothing that `prefers-reduced-motion` would have to stop: figures change when numbers do."""
    _, figure = named
    assert not figure.get("frames")
    assert "transition" not in figure["layout"]
    assert "updatemenus" not in figure["layout"]


@pytest.mark.parametrize("name", ["compare", "latency", "shares", "timeline", "golden_signals"])
def test_a_version_has_its_colour_in_each_chart(name):
    figure = json.loads(EXAMPLES[name]().to_json())
    for version, color in (("v1", colors.BLUE), ("v2", colors.ORANGE), ("v3", colors.GREEN)):
        if name == "compare":
            found = [
                list(used(trace["marker"]["color"][trace["x"].index(version)])) for trace in figure["data"]
            ]
            assert all(color.upper() in [one.upper() for one in colours] for colours in found if colours)
            continue
        traces = [trace for trace in figure["data"] if str(trace.get("name", "")).split(" ")[0] == version]
        assert traces, version
        assert all({c.upper() for c in used(trace)} == {color.upper()} for trace in traces)
