"""Shares by pod and percentiles of the latency, for several runs beside each other."""

from __future__ import annotations

import pytest

from meshtutor import charts
from meshtutor.charts import balancing
from meshtutor.display.colors import color_of, translucent
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report

V1, V3 = "reviews-v1-f65db4c6b-rh572", "reviews-v3-8447d6c95-fvqln"
TWIN = "reviews-v3-8447d6c95-x7k2p"


def run(**pods: int) -> list[Outcome]:
    """So many requests answered by `v1`, `v3`, `twin`; v1 takes 10 ms, the others 400."""
    names = {"v1": (V1, "v1", 10.0), "v3": (V3, "v3", 400.0), "twin": (TWIN, "v3", 400.0)}
    return [
        Outcome(200, took, pod=pod, version=version)
        for name, n in pods.items()
        for pod, version, took in [names[name]] * n
    ]


def test_a_pod_keeps_its_place_and_its_colour_in_all_runs_even_without_requests():
    chart = charts.balanced(run(v1=1, v3=1), run(v1=4), names=("turns", "least"))
    turns, least = (trace for trace in chart.data if trace.xaxis != "x2")
    assert list(turns.x) == list(least.x) == ["reviews-v1", "reviews-v3"]
    assert list(turns.y) == [50.0, 50.0]
    assert list(least.y) == [100.0, 0.0]
    assert list(least.marker.color) == [translucent(color_of(version), 1.0) for version in ("v1", "v3")]
    assert list(turns.marker.color) == [translucent(color_of(version), 0.35) for version in ("v1", "v3")]


def test_the_percentiles_are_those_of_all_requests_of_a_run():
    chart = charts.balanced(run(v1=8, v3=2))
    (waited,) = (trace for trace in chart.data if trace.xaxis == "x2")
    assert dict(zip(waited.x, waited.y, strict=True)) == {"p50": 10, "p75": 10, "p90": 400, "p99": 400}


def test_a_pod_that_answered_before_is_seen_to_get_nothing():
    shares, waited = balancing.settings(run(v3=2), among=run(v1=5, v3=5))
    assert dict(zip(shares["x"], shares["y"], strict=True)) == {"reviews-v1": 0.0, "reviews-v3": 100.0}
    assert set(waited["y"]) == {400.0}


def test_what_was_not_answered_has_no_latency_and_counts_for_no_pod():
    lost = [*run(v1=1), Outcome(0, 10_000.0, error="timeout")]
    labels = balancing.pods(lost)
    assert balancing.shares(lost, labels) == [0.5]
    assert balancing.latencies(lost) == [10.0] * 4
    assert balancing.latencies([]) == [None] * 4


def test_pods_of_one_deployment_are_told_apart():
    labels = [label for label, _ in balancing.pods(run(v1=1, v3=1, twin=1)).values()]
    assert labels == ["reviews-v1", "reviews-v3 …fvqln", "reviews-v3 …x7k2p"]


def test_in_words_it_is_a_table():
    said = repr(charts.balanced(Report("http://reviews/", tuple(run(v1=3, v3=1))), names=("turns",)))
    rows = [line.split() for line in said.splitlines()]
    assert rows[0] == ["turns"]
    assert rows[1:3] == [["reviews-v1", "75%"], ["reviews-v3", "25%"]]
    assert rows[-1] == ["p99", "400", "ms"]
    assert repr(charts.balanced([], names=("turns",))) == "no requests yet"


def test_each_run_wants_a_name():
    with pytest.raises(ValueError, match="3 runs need as many names"):
        charts.balanced([], [], [])
