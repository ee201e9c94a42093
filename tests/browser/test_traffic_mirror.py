"""The mirror as a learner uses it: dragging the slider, looking at the bars."""

from __future__ import annotations

from tests.browser.conftest import assert_apart, boxes, shoot


def test_copies_are_dragged_and_the_bars_show_them(opened, theme):
    page = opened("mirror", 'mirror = mt.widgets.TrafficMirror(mesh, "reviews", rate=20)\nmirror')
    page.get_by_text("Move the slider to send copies.").wait_for(timeout=60_000)
    page.get_by_text("20 requests/s").wait_for()
    handle = page.get_by_role("slider").nth(0)
    handle.focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    page.get_by_text("acknowledged (ACK)").wait_for()
    page.locator("text=/v3: ([3-9][0-9]|[1-9][0-9][0-9]) copies/").wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    shoot(page, f"traffic-mirror-{theme}")
    assert_apart(boxes(page, ".widget-hslider", ".widget-button", ".js-plotly-plot", "pre:visible"))
