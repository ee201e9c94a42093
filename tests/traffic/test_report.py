"""What a report counts, and how it reads."""

from __future__ import annotations

import math

import pytest

from meshtutor.traffic.outcome import Outcome, read
from meshtutor.traffic.report import Report, percentile


def good(version: str, milliseconds: float = 5.0, **kw) -> Outcome:
    return Outcome(200, milliseconds, service="reviews", version=version, pod=f"reviews-{version}-x", **kw)


def envoy(status: int, body: bytes, **headers: str) -> Outcome:
    return read(status, {"server": "envoy", **headers}, body, 1.0, 0.0)


MIXED = Report("http://reviews:9080/reviews/0", (
    *[good("v1", i + 1.0) for i in range(70)], *[good("v3", 100.0) for _ in range(30)],
    envoy(503, b"no healthy upstream"), Outcome(0, 9.0, error="no answer within 1 s"),
), "client-1", 2.0)  # fmt: skip


def test_counts_by_version_status_pod_and_service():
    assert MIXED.versions().counts == {"v1": 70, "v3": 30, "none": 2}
    assert MIXED.by_status.counts == {"200": 100, "503": 1, "error": 1}
    assert MIXED.by_pod["reviews-v3-x"].count == 30
    assert MIXED.by_service["reviews"].count == 100
    assert (MIXED.n, MIXED.ok) == (102, 100)


def test_latencies_are_of_answered_requests_in_milliseconds():
    assert MIXED.latency(50) == 50.0
    assert MIXED.latencies("v3") == [100.0] * 30
    assert len(MIXED.latencies()) == 101


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 5), (90, 9), (99, 10), (100, 10)])
def test_percentiles_are_nearest_rank(percent, value):
    assert percentile(list(range(1, 11)), percent) == value


def test_a_percentile_of_nothing_is_not_a_number():
    assert math.isnan(percentile([], 50))


@pytest.mark.parametrize(
    ("status", "body", "flag"),
    [
        (503, b"no healthy upstream", "UH"),
        (503, b"upstream connect error or disconnect/reset before headers. reset reason: overflow", "UO"),
        (
            503,
            b"upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            "UC",
        ),
        (
            503,
            b"upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
            "UF",
        ),
        (504, b"upstream request timeout", "UT"),
        (500, b"fault filter abort", "FI"),
        (404, b"", "NR"),
        (503, b"", "NC"),
        (403, b"RBAC: access denied", "RBAC"),
        (500, b"some other text", ""),
    ],
)
def test_envoys_words_give_the_response_flag_away(status, body, flag):
    assert envoy(status, body).flag == flag


def test_an_applications_own_failure_has_no_flag():
    assert envoy(503, b"no healthy upstream", **{"x-app-service": "reviews"}).flag == ""
    assert envoy(404, b"", **{"x-envoy-upstream-service-time": "1"}).flag == ""


def test_the_text_is_readable_without_a_notebook():
    words = repr(MIXED)
    assert "102 requests to http://reviews:9080/reviews/0 from client-1: 100 OK in 2.00 s, 51/s" in words
    assert "v1" in words
    assert "latency p50 50.0 ms" in words
    assert "1× UH: no healthy upstream host" in words
    assert "1× no answer within 1 s" in words


def test_the_html_has_the_same_rows_and_no_raw_markup():
    hostile = Report("http://x/", (Outcome(500, 1.0, error="<b>boom</b>"),))
    assert "<b>boom</b>" not in hostile._repr_html_()
    assert "reviews-v3-x" in MIXED._repr_html_()


def test_an_empty_report_reads_well():
    assert "0 requests" in repr(Report("http://x/", ()))
    assert "no answer, so no latencies" in Report("http://x/", ())._repr_html_()
