"""The retry tuner, the circuit breaker and the load balancer as a learner uses them."""

from __future__ import annotations

import time

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
BALANCER = """\
mesh.disturb("reviews-v3", delay_ms=400)
balancer = mt.widgets.LoadBalancer(mesh, "reviews", rate=20)
balancer"""


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
    bands.scroll_into_view_if_needed()  # not its texts: they are drawn anew each second
    shoot(page, f"circuit-breaker-{theme}")
    bands.get_by_text("ejected", exact=True).wait_for()


def test_an_algorithm_is_chosen_and_the_bars_of_the_pods_move(opened, theme):
    page = opened("balancer", BALANCER)
    page.get_by_text("20 requests/s").wait_for(timeout=60_000)
    algorithm, key, user = page.locator(".widget-dropdown select").all()
    assert key.is_disabled()
    algorithm.select_option("ROUND_ROBIN")
    page.get_by_text("acknowledged (ACK)").wait_for()
    pods = page.locator(".js-plotly-plot .barlayer .trace").first.locator(".point path")
    pods.nth(2).wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    page.locator("text=/200: 100% of [1-9][0-9]{2}/").wait_for(timeout=60_000)
    until(
        page,
        lambda: 0 < max(heights(pods)) < 1.3 * min(heights(pods)),
        "pods that take turns have equal shares",
    )
    shoot(page, f"load-balancer-turns-{theme}")
    algorithm.select_option("consistentHash, ringHash")
    page.get_by_text("httpHeaderName: end-user").wait_for()
    assert key.is_enabled()
    user.select_option("alice")
    page.locator("text=/200: 100% of ([4-9][0-9]|[1-9][0-9][0-9]) /").wait_for(timeout=60_000)
    # requests of the others may still have been under way when the rule changed
    until(page, lambda: sum(sorted(heights(pods))[:-1]) < max(heights(pods)) / 5, "one pod is alice's")
    shoot(page, f"load-balancer-alice-{theme}")


def until(page, condition, what: str) -> None:
    """Wait for what the figure shows: it goes on counting while it is looked at."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(300)


def heights(bars) -> list[float]:
    """How high each bar is in pixels; a bar of nothing has no box."""
    boxes = (bar.bounding_box() for bar in bars.all())
    return [box["height"] if box else 0.0 for box in boxes]
