"""A scrape lag without a browser: what the window and the phase do, recorded and live."""

from __future__ import annotations

import pytest
from traitlets import TraitError

import meshtutor as mt
from meshtutor.charts import scraping
from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.counters import seconds_of
from meshtutor.telemetry.extrapolation import sum_of_rates
from meshtutor.telemetry.recorded import two_incidents
from meshtutor.telemetry.results import Series
from meshtutor.telemetry.scraping import History
from meshtutor.widgets.lag_model import INTERVALS, WINDOWS, LagModel
from meshtutor.widgets.lag_view import LagView

_STORED = 3  # seconds: a scrape bears the time of its start, and is stored when it is over


def sparse(gap: float) -> History:
    return History((Series({}, tuple((i * gap, float(i)) for i in range(40))),), 0.0, 300.0, "x")


@pytest.fixture
def model() -> LagModel:
    return LagModel(two_incidents, lambda: sparse(15.0), 3)


@pytest.mark.parametrize("window", WINDOWS)
def test_no_scrape_interval_shows_anything_through_less_than_two_scrapes(model, window):
    model.window = window
    assert [one.interval for one in model.seen] == list(INTERVALS)
    for one in model.seen:
        if seconds_of(window) < one.interval:
            assert one.empty == 1.0
            assert f"never two scrapes within {seconds_of(window):g} s" in model.words()
        elif seconds_of(window) > 2 * one.interval:
            assert one.empty < 0.7


def test_a_longer_window_is_later_and_flatter(model):
    model.window = "5s"
    quick = model.through(1)
    model.window = "2m"
    slow = model.through(1)
    assert slow.peak < quick.peak / 2
    assert slow.first_above(2.0, 66) > quick.first_above(2.0, 66)


def test_the_phase_moves_the_slow_scrapes(model):
    before = model.through(60).scrapes
    model.phase = 20
    assert [b - a for a, b in zip(before, model.through(60).scrapes, strict=False)] != [0.0] * len(before)
    assert model.through(1).scrapes


def test_live_samples_are_read_anew_and_finer_scrapes_are_not_made_up(model):
    model.live = True
    assert [one.interval for one in model.seen] == [15.0, 60.0]
    assert "scrapes every 15 s" in model.message
    model.live = False
    assert (len(model.seen), model.message) == (3, "")


def test_nothing_counted_yet_is_said():
    model = LagModel(lambda: History((), 0.0, 300.0, "x"), two_incidents, 3)
    assert model.seen == ()
    assert "two scrapes" in model.words()


def test_what_is_no_duration_is_refused(model):
    with pytest.raises(TraitError, match="not a duration"):
        model.window = "soon"
    assert model.window == "1m"
    with pytest.raises(MeshtutorError) as error:
        model.through(7)
    assert "60" in error.value.hint


def test_the_controls_show_what_the_model_has_and_do_not_undo_it(model):
    view = LagView(model)
    for window in ("30s", "2m", "5s"):
        model.window = window
        model.phase += 7
    view._computing.join()
    assert (model.window, model.phase) == ("5s", 21)
    assert (view._controls["window"].value, view._controls["phase"].value) == ("5s", 21)
    view._controls["window"].value = "1m"
    view._computing.join()
    assert model.window == "1m"
    model.window = "45s"  # there is no button for it
    assert "[45s]" in view._query.value
    view.close()


def test_the_chart_has_the_traces_that_a_change_moves(model):
    chart = scraping.scrape_lag(model.happened, model.seen)
    for trace, points in zip(chart.data, scraping.traces(model.happened, model.seen), strict=True):
        assert list(trace.x) == points.x
        assert list(trace.y) == points.y
    assert chart.layout.xaxis.title.text == "time (s)"
    assert "per second" in chart.layout.yaxis.title.text
    assert repr(chart) == model.words()


def test_live_it_says_what_prometheus_itself_says(lab):
    """Through the learner's own scrape interval our rate() is the one that Prometheus answers, to the last digit."""
    with mt.connect() as mesh:
        mesh.reset()
        mesh.send("reviews", n=60)
        mesh.wait_for_metrics()
        mesh.send("reviews", n=30)
        for _ in range(_STORED + 1):
            mesh.wait_for_metrics()
        lag = mt.widgets.ScrapeLag(mesh)
        lag.model.live = True
        history, asked = lag.model.history, 0
        for ago in range(_STORED, 30):
            at = history.end - ago
            said = mesh.prometheus.query(f"sum(rate({history.selector}[5s]))", at=at)
            expected = said.value if len(said) else None
            computed = sum_of_rates(history.series, at, 5.0, mesh.prometheus.major)
            assert computed == (pytest.approx(expected) if expected is not None else None)
            asked += bool(expected)
        assert asked, "there was traffic to compare"
        assert "live, requests for reviews" in repr(lag)
