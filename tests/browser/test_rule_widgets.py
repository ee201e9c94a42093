"""The match builder and the fault injector as a learner uses them: typing, dragging, looking."""

from __future__ import annotations

from tests.browser.conftest import assert_apart, boxes, shoot


def test_a_match_is_typed_and_the_rows_that_it_catches_are_marked(opened, theme):
    page = opened("match", 'builder = mt.widgets.MatchBuilder(mesh, "reviews")\nbuilder')
    page.get_by_text("not sent yet").first.wait_for(timeout=60_000)
    page.get_by_role("button", name="Send the requests").click()
    page.get_by_text("4 of 10 requests caught").wait_for()
    user = page.get_by_placeholder("anybody")
    user.fill("jasmin")
    user.press("Enter")
    page.get_by_text("1 of 10 requests caught").wait_for()
    page.get_by_placeholder("any path").fill("/health")
    page.get_by_placeholder("any path").press("Enter")
    page.get_by_text("0 of 10 requests caught").wait_for()
    user.fill("")
    user.press("Enter")
    page.get_by_text("2 of 10 requests caught").wait_for()
    assert page.locator("td", has_text="✓ http[0] caught").count() == 2
    page.locator(".widget-vbox").first.scroll_into_view_if_needed()
    shoot(page, f"match-builder-{theme}")
    assert_apart(
        boxes(page, ".widget-dropdown", ".widget-text", ".widget-button", ".widget-html table", "pre:visible")
    )


def test_faults_are_dragged_and_the_answers_show_them(opened, theme):
    page = opened("faults", 'faults = mt.widgets.FaultInjector(mesh, "ratings", rate=20)\nfaults')
    page.get_by_text("Move a slider to inject a fault.").wait_for(timeout=60_000)
    page.get_by_text("20 requests/s").wait_for()
    handles = page.get_by_role("slider")
    handles.nth(0).focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    handles.nth(1).focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    page.get_by_text("acknowledged (ACK)").wait_for()
    page.locator("text=/503: \\d+% \\(asked for \\d+%\\) of (1[0-9][0-9]|[2-9][0-9][0-9])/").wait_for(
        timeout=60_000
    )
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    shoot(page, f"fault-injector-{theme}")
    assert_apart(
        boxes(page, ".widget-hslider", ".widget-dropdown", ".widget-button", ".js-plotly-plot", "pre:visible")
    )


def test_a_route_is_built_and_both_forms_are_tried(opened, theme):
    page = opened("translator", 'translator = mt.widgets.RouteTranslator(mesh, "reviews")\ntranslator')
    page.get_by_text("not sent yet").first.wait_for(timeout=60_000)
    page.get_by_placeholder("any path").fill("/reviews/7")
    page.get_by_placeholder("any path").press("Enter")
    page.get_by_text("prefix: /reviews/7/").wait_for()
    page.get_by_role("button", name="Try both").click()
    page.get_by_text("both forms answer alike").wait_for(timeout=60_000)
    page.locator(".widget-vbox").first.scroll_into_view_if_needed()
    shoot(page, f"route-translator-{theme}")
    assert_apart(
        boxes(
            page,
            ".widget-dropdown",
            ".widget-text",
            ".widget-button",
            ".widget-hslider",
            ".widget-html table",
            "pre:visible",
        )
    )
