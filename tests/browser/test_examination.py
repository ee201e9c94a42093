"""An examination as a learner uses it: name a request, press Enter, read three answers."""

from __future__ import annotations

from tests.browser.conftest import assert_apart, boxes, shoot

BREAK = """\
mt.exercises["15.7"].begin()
exam = mt.widgets.Examination(mesh)
exam"""


def test_three_instruments_answer_and_follow_what_is_typed(opened, theme):
    page = opened("examination", BREAK)
    page.get_by_role("button", name="Examine").click(timeout=60_000)
    page.get_by_text("the route's cluster does not exist").wait_for()
    page.get_by_text("(does not exist: 503, NC)").wait_for()
    page.get_by_text("IST0101").first.wait_for()
    page.get_by_text("Who answered 40 requests?").scroll_into_view_if_needed()
    shoot(page, f"examination-{theme}")
    assert_apart(boxes(page, ".widget-text", ".widget-button"))
    target = page.get_by_placeholder("reviews, or /productpage")
    target.fill("nobody")
    target.press("Enter")
    page.get_by_text("No Service 'nobody' in namespace default").first.wait_for()
