"""The scrape lag and the cost of the mesh as a learner uses them: a window is chosen, a button pressed."""

from __future__ import annotations

from tests.browser.conftest import assert_apart, boxes, drawn, shoot


def test_a_shorter_window_empties_the_slow_scrapes(opened, theme):
    page = opened("lag", "lag = mt.widgets.ScrapeLag(mesh)\nlag")
    drawn(page)
    page.get_by_text("[1m]))").wait_for()
    page.locator("td", has_text="never two scrapes within 60 s").wait_for()
    page.get_by_role("button", name="2m").click()
    page.get_by_text("[2m]))").wait_for()
    page.locator("td", has_text="never two scrapes").wait_for(state="detached")
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    shoot(page, f"scrape-lag-2m-{theme}")
    page.get_by_role("button", name="30s").click()
    page.locator("td", has_text="never two scrapes within 30 s").wait_for()
    shoot(page, f"scrape-lag-30s-{theme}")
    assert_apart(
        boxes(page, ".widget-toggle-buttons", ".widget-hslider", ".js-plotly-plot", ".widget-html table")
    )
    assert_apart(
        boxes(page, ".js-plotly-plot .legendtext", ".js-plotly-plot .xtitle", ".js-plotly-plot .ytitle")
    )


def test_live_the_learners_own_requests_appear(opened, theme):
    page = opened(
        "lag-live",
        "lag = mt.widgets.ScrapeLag(mesh)\nlag",
        'load = mesh.load("reviews", rate=20, seconds=40)',
    )
    drawn(page)
    page.get_by_role("button", name="5s").click()
    page.get_by_role("button", name="live: my Prometheus").click()
    page.get_by_text('destination_service_name="reviews"').wait_for()
    page.locator("text=/^[1-9]\\d\\.\\d \\/s$/").first.wait_for()
    shoot(page, f"scrape-lag-live-{theme}")


def test_the_cost_is_measured_at_the_press_of_a_button(opened, theme):
    page = opened("cost", "cost = mt.widgets.CostOfMesh(mesh, rounds=6)\ncost")
    page.get_by_role("button", name="Measure").click(timeout=60_000)
    page.get_by_role("button", name="Measure again").wait_for()
    page.locator("td", has_text="two proxies, mTLS").wait_for()
    page.get_by_text("Memory that the proxies have allocated: client-").wait_for()
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    shoot(page, f"cost-of-mesh-{theme}")
    assert_apart(boxes(page, ".widget-button", ".js-plotly-plot", ".widget-html table"))
