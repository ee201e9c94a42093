"""The retry tuner and the circuit breaker as a learner uses them."""

from __future__ import annotations

from tests.browser.conftest import shoot

TUNER = """\
mesh.disturb("reviews-v2", status=503)
tuner = mt.widgets.RetryTuner(mesh, "reviews", rate=20)
tuner"""
BREAKER = """\
mesh.disturb("reviews-v2", status=503)
breaker = mt.widgets.CircuitBreaker(mesh, "reviews", rate=20)
breaker.model.breaker = {"consecutive_5xx": 3, "base_ejection_seconds": 5, "max_ejection_percent": 100}
breaker"""


def test_attempts_are_dragged_and_failures_go(opened, theme):
    page = opened("tuner", TUNER)
    page.get_by_text("20 requests/s").wait_for(timeout=60_000)
    page.locator(".widget-dropdown select").select_option("5xx")
    page.get_by_text("acknowledged (ACK)").wait_for()
    page.locator("text=/200: (9[7-9]|100)% of (1[0-9][0-9]|[2-9][0-9][0-9])/").wait_for(timeout=60_000)
    shoot(page, f"retry-tuner-{theme}")


def test_a_pod_that_fails_is_seen_to_be_ejected(opened, theme):
    page = opened("breaker", BREAKER)
    page.get_by_text("20 requests/s").wait_for(timeout=60_000)
    bands = page.locator(".js-plotly-plot").nth(1)
    bands.locator(".barlayer .trace").nth(1).locator(".point path").first.wait_for(timeout=60_000)
    page.get_by_text("seconds ago").last.scroll_into_view_if_needed()
    shoot(page, f"circuit-breaker-{theme}")
    assert bands.get_by_text("ejected", exact=True).is_visible()
