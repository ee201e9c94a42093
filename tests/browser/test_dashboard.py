"""The dashboard and the application's page in JupyterLab, in both themes."""

from __future__ import annotations

import pytest

from tests.browser.conftest import drawn, shoot

# names and number of points of the first plot's lines (charts/signaling.py: the first eight traces)
DRAWN = """() => Object.fromEntries(document.querySelector(".js-plotly-plot").data.slice(0, 8)
  .filter((trace) => trace.name && (trace.x?._inputArray ?? trace.x)?.length > 1).map((trace) => [trace.name, 1]))"""
FILES = "('destination-rule.yaml', 'reviews-v1-70-v3-30.yaml')"
APPLY = f"mesh.apply([study() / 'manifests/06_split_traffic' / name for name in {FILES}])"


@pytest.fixture
def dashboard(opened):
    """The widget in a notebook of its own, with traffic, and a rule applied while it was looked at."""
    setup = "from meshtutor.config import study\ndashboard = mt.widgets.Dashboard(mesh)\ndashboard"
    page = opened("dashboard", setup, APPLY)
    drawn(page)
    page.get_by_role("button", name="Send traffic").click()
    page.wait_for_function(f"() => Object.keys(({DRAWN})()).length >= 4")
    return page


def test_all_services_then_one_with_its_versions_and_a_mark_where_a_rule_was_applied(dashboard, theme):
    assert set(dashboard.evaluate(DRAWN)) >= {"details", "productpage", "ratings", "reviews"}
    dashboard.get_by_text("VirtualService default/reviews created").wait_for()
    shoot(dashboard, f"dashboard {theme}")
    dashboard.locator(".widget-dropdown select").first.select_option(label="reviews")
    dashboard.wait_for_function(f"() => ({DRAWN})()['reviews-v3']")
    assert "ratings" not in dashboard.evaluate(DRAWN)
    dashboard.get_by_role("button", name="5 min", exact=True).click()
    dashboard.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').layout.xaxis.range[0] === -300"
    )
    shoot(dashboard, f"dashboard of reviews {theme}")


def test_the_applications_page_comes_through_jupyters_own_server(opened, theme):
    page = opened("page", "page = mt.widgets.Page(mesh)\npage")
    frame = page.frame_locator('iframe[title="the application\'s page"]')
    frame.get_by_text("Who answered").wait_for()
    assert any("/proxy/" in found.url for found in page.frames)
    frame.get_by_placeholder("name").fill("jason")
    frame.get_by_role("button", name="Sign in").click()
    frame.get_by_role("button", name="Sign out").wait_for()
    shoot(page, f"page {theme}")
