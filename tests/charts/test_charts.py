"""Figures as functions of data: the right numbers, units on the axes, colours that stay, both themes."""

from __future__ import annotations

import pytest

from meshtutor import charts
from meshtutor.charts import sharing
from meshtutor.display.colors import color_of
from meshtutor.traffic.history import ShareHistory
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report
from meshtutor.traffic.tally import Tally


def report(*versions: str, milliseconds: float = 5.0) -> Report:
    return Report(
        "http://x/",
        tuple(Outcome(200, milliseconds + i, at=100.0 + i, version=v) for i, v in enumerate(versions)),
    )


@pytest.fixture
def history() -> ShareHistory:
    made = ShareHistory(("v1", "v3"))
    made.aim(100.0, {"v1": 100, "v3": 0})
    made.add(101.0, Tally({"v1": 50}))
    made.aim(102.0, {"v1": 70, "v3": 30})
    made.add(103.0, Tally({"v1": 60, "v3": 40}))
    made.tick(104.0)
    return made


@pytest.mark.parametrize(
    "chart",
    [
        charts.compare(report("v1"), report("v1", "v2")),
        charts.latency(report("v1", "v2")),
        charts.timeline(report("v1")),
        charts.shares(ShareHistory(("v1", "v2"))),
    ],
    ids=["compare", "latency", "timeline", "shares"],
)
def test_every_chart_has_named_axes_and_no_background_of_its_own(chart):
    assert chart.layout.xaxis.title.text
    assert chart.layout.yaxis.title.text
    assert "(" in chart.layout.yaxis.title.text  # the unit
    assert chart.layout.paper_bgcolor == chart.layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_compare_shows_shares_with_their_intervals():
    chart = charts.compare(report(*["v1"] * 10), report(*["v1"] * 7, *["v3"] * 3))
    before, after = chart.data
    assert list(before.x) == ["v1", "v3"]
    assert list(before.y) == [100.0, 0.0]
    assert list(after.y) == [70.0, 30.0]
    low, high = Tally({"v1": 7, "v3": 3})["v3"].interval
    assert after.error_y.array[1] == pytest.approx(high * 100 - 30)
    assert after.error_y.arrayminus[1] == pytest.approx(30 - low * 100)
    assert "100.0%" in repr(chart)


def test_compare_keeps_each_versions_colour_and_pales_the_run_before():
    before, after = charts.compare(report("v1", "v2"), report("v1", "v2")).data
    assert list(before.marker.color) == ["rgba(0,114,178,0.35)", "rgba(230,159,0,0.35)"]
    assert list(after.marker.color) == ["rgba(0,114,178,1)", "rgba(230,159,0,1)"]


def test_compare_wants_a_name_for_each_run():
    with pytest.raises(ValueError, match="3 runs need as many names"):
        charts.compare(report("v1"), report("v1"), report("v1"))


def test_latency_of_one_run_is_by_version_and_of_several_by_name():
    assert [trace.line.color for trace in charts.latency(report("v1", "v2")).data] == [
        color_of("v1"),
        color_of("v2"),
    ]
    chart = charts.latency(report("v1"), report("v1", milliseconds=50), names=("before", "after"))
    assert [trace.name for trace in chart.data] == ["before (1)", "after (1)"]
    assert list(chart.data[1].x)[-1] == 50.0
    assert list(chart.data[1].y)[-1] == 100.0


def test_a_latency_curve_ends_at_the_slowest_and_stays_small():
    chart = charts.latency(report(*["v1"] * 5000))
    assert len(chart.data[0].x) < 1000
    assert (chart.data[0].x[-1], chart.data[0].y[-1]) == (5004.0, 100.0)


def test_the_timeline_sets_failures_apart():
    mixed = Report(
        "http://x/", (*report("v1", "v2").outcomes, Outcome(503, 2.0, at=101.5, error="no healthy upstream"))
    )
    chart = charts.timeline(mixed)
    assert [trace.name for trace in chart.data] == ["v1 (1)", "v2 (1)", "failed (1)"]
    assert chart.data[2].marker.symbol == "x"
    assert chart.data[2].x[0] == pytest.approx(1.5)


def test_shares_over_time_are_seconds_ago_and_percent(history):
    band, target, observed = sharing.traces(history)[3:]
    assert observed == sharing.XY([-3.0, -1.0], [0.0, 40.0])
    assert target.x == [-4.0, -2.0, -2.0, 0.0]
    assert target.y == [0.0, 0.0, 30.0, 30.0]
    low, high = Tally({"v1": 60, "v3": 40})["v3"].interval
    assert (band.x, band.y[1], band.y[2]) == ([-3.0, -1.0, -1.0, -3.0], high * 100, low * 100)


def test_the_figure_has_the_traces_that_the_live_chart_updates(history):
    chart = charts.shares(history)
    updates = sharing.traces(history)
    assert len(chart.data) == len(updates)
    for trace, points in zip(chart.data, updates, strict=True):
        assert list(trace.x) == points.x


def test_no_requests_leave_a_gap(history):
    history.add(104.0, Tally({}))
    assert sharing.traces(history)[5].y[-1] is None


def test_words_say_what_the_chart_would_show(history):
    assert repr(charts.shares(history)).splitlines()[1].startswith("v3  40.0%  target 30%")
    assert repr(charts.shares(ShareHistory(("v1",)))) == "No requests have been seen yet."


def test_a_history_forgets_what_is_too_old_but_not_the_target_that_holds():
    old = ShareHistory(("v1",), keep=10)
    old.aim(0.0, {"v1": 100})
    for second in range(100):
        old.add(float(second), Tally({"v1": 1}))
    assert len(old.points) == 11
    assert old.target == {"v1": 1.0}
