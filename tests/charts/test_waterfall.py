"""The waterfall as a figure: a bar for each span, the critical path from the root's start to its end."""

from __future__ import annotations

import pytest

from meshtutor.charts.waterfall import waterfall
from tests.telemetry.some_traces import retried, span, trace


def test_each_span_has_a_bar_at_its_time_in_the_row_of_its_label():
    figure = waterfall(retried())
    bars = {
        (y, base, x)
        for drawn in figure.data
        if drawn.type == "bar"
        for y, base, x in zip(drawn.y, drawn.base, drawn.x, strict=True)
    }
    assert bars == {(0, 0, 92), (1, 14, 74), (2, 15, 20), (3, 41, 46), (4, 45, 38), (5, 76, 6.5)}
    labels = [(note.y, note.text) for note in figure.layout.annotations]
    assert labels[0] == (0, "productpage GET /productpage")
    shifts = [note.xshift for note in figure.layout.annotations]
    assert shifts[0] < shifts[1] < shifts[2] == shifts[3] < shifts[4] < shifts[5]


def test_the_critical_path_goes_from_the_root_s_start_to_its_end():
    (path,) = [drawn for drawn in waterfall(retried()).data if drawn.name == "critical path"]
    assert (path.x[0], path.x[-1]) == (0, 92)
    assert list(path.x) == sorted(path.x)
    assert (path.y[0], path.y[-1], max(path.y)) == (0, 0, 5)


def test_failures_are_hatched_and_what_is_remarkable_stands_beside_its_bar():
    figure = waterfall(retried())
    (reviews,) = [drawn for drawn in figure.data if drawn.name == "reviews"]
    assert sorted(reviews.marker.pattern.shape) == ["", "", "/"]
    (words,) = [drawn for drawn in figure.data if drawn.type == "scatter" and drawn.mode == "text"]
    assert [(x, text.strip()) for x, text in zip(words.x, words.text, strict=True)] == [
        (35, "503 UC"), (87, "retry 1"), (83, "delayed by a rule")]  # fmt: skip


def test_what_comes_from_outside_is_escaped():
    figure = waterfall(trace(span("a", service="<i>.default", path="/<script>", node_id="a~b~<u>.x~")))
    assert "<script>" not in figure.to_json().replace("\\u003c", "<")


def test_a_figure_prints_as_the_waterfall_in_words():
    assert repr(waterfall(retried())) == repr(retried())


@pytest.mark.parametrize("count", [1, 200, 500])
def test_its_height_follows_the_rows_up_to_a_bound(count: int):
    figure = waterfall(trace(*(span(str(i), "0" if i else "") for i in range(count))))
    assert figure.layout.height == 110 + 22 * min(count, 200)
