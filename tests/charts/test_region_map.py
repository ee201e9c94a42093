"""The map of regions: arrows as thick as shares, pods as they fare, words for where nothing can be drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshtutor import charts
from meshtutor.charts import mapping
from meshtutor.display.colors import BAD, color_of
from meshtutor.mesh.crossings import Crossings, Spot

NEAR = Spot("reviews-v1-a", "v1", "europe", answered=150, failed=10)
OUT = Spot("reviews-v2-a", "v2", "europe", answered=0, failed=0, state="ejected")
FAR = Spot("reviews-v3-a", "v3", "brazil", answered=40)
FOUND = Crossings("client", "europe", ("brazil", "europe"), (FAR, NEAR, OUT))


def test_the_arrow_is_as_thick_as_the_share_and_the_number_stands_beside_it():
    (far, far_number), (near, near_number) = (
        charts.region_map(FOUND).data[:2],
        charts.region_map(FOUND).data[2:4],
    )
    assert "20%" in far_number.text[0]
    assert "80%" in near_number.text[0]
    assert near.line.width - 1 == pytest.approx(4 * (far.line.width - 1))


def test_a_place_that_gets_nothing_has_no_arrow():
    quiet = replace(FOUND, spots=(NEAR, OUT))
    far, number = charts.region_map(quiet).data[:2]
    assert far.line.color == "rgba(0,0,0,0)"
    assert "%" not in number.text[0]


def test_pods_have_their_versions_colour_and_show_what_is_wrong_with_them():
    pods = charts.region_map(FOUND).data[-2]
    assert list(pods.marker.color) == [color_of("v3"), color_of("v1"), color_of("v2")]
    assert list(pods.marker.symbol) == ["circle", "circle", "x"]
    assert list(pods.marker.line.width) == [0, 3, 0]
    assert pods.marker.line.color == BAD
    assert list(pods.text) == ["v3 · 40", "v1 · 160<br>10 failed", "ejected<br>v2 · 0"]


def test_pods_stand_in_their_region_and_apart_from_each_other():
    chart = charts.region_map(FOUND)
    brazil, europe = (shape for shape in chart.layout.shapes)
    far, near, out = chart.data[-2].x
    assert brazil.x0 < far < brazil.x1 < europe.x0 < near < out < europe.x1
    assert europe.x0 < chart.data[-1].x[0] < europe.x1, "the caller is at home"


def test_titles_have_shares_with_their_interval():
    low, high = FOUND.share("brazil").interval
    assert (
        mapping.titles(FOUND)[0]["text"] == f"<b>brazil</b> · 20% of 200 requests ({low:.0%} to {high:.0%})"
    )
    assert "no requests yet" in mapping.titles(replace(FOUND, spots=()))[1]["text"]


def test_words_say_what_the_map_would_show():
    said = repr(charts.region_map(FOUND))
    assert said == "client in europe: brazil 20%, europe 80% of 200, 10 failed; ejected in europe: v2"
    assert repr(charts.region_map(replace(FOUND, spots=()))) == "client in europe: no requests yet"


def test_a_live_map_has_the_same_traces_whatever_came():
    empty = mapping.traces(replace(FOUND, spots=()))
    assert [trace.mode for trace in empty] == [trace.mode for trace in mapping.traces(FOUND)]
