"""The map of regions as a learner uses it: prefer near pods, let a region fail, look where requests go."""

from __future__ import annotations

from tests.browser.conftest import assert_apart, boxes, shoot

MAP = """\
mesh.apply("manifests/10_prefer_near_pods/two-regions.yaml")
regions = mt.widgets.RegionMap(mesh, "reviews", rate=20)
regions"""


def test_a_region_fails_and_the_arrow_goes_to_the_other_one(opened, theme):
    page = opened("regions", MAP)
    page.get_by_text("20 requests/s").wait_for(timeout=60_000)
    page.get_by_role("button", name="distribute", exact=True).click()
    page.get_by_text("acknowledged (ACK)").wait_for()
    page.locator("text=/europe (7[5-9]|8[0-5])% of (1[0-9][0-9])/").wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    shoot(page, f"region-map-distribute-{theme}")
    page.get_by_role("button", name="failover", exact=True).click()
    page.locator("text=/europe 100% of [2-9][0-9]/").wait_for(timeout=60_000)
    page.get_by_role("button", name="Let europe fail").click()
    page.locator("text=/brazil [5-9][0-9]%, .* failed; ejected in europe: v1, v2/").wait_for(timeout=60_000)
    page.get_by_role("button", name="europe fails").scroll_into_view_if_needed()
    shoot(page, f"region-map-failed-{theme}")
    assert_apart(boxes(page, ".widget-hslider", ".widget-toggle-buttons", ".js-plotly-plot", "pre:visible"))
