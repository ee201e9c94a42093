"""The egress policy as a learner uses it: a switch, a tick, and a table of who could be reached."""

from __future__ import annotations

import pytest

from tests.browser.conftest import assert_apart, boxes, shoot

WIDGET = """\
address = mesh.pod("details")["status"]["podIP"]
egress = mt.widgets.EgressPolicy(
    mesh, {"api.partner.example": [address]}, [f"http://{address}:9080/details/0", "reviews"], path="/details/0")
egress"""


@pytest.fixture
def page(opened):
    tab = opened("egress", WIDGET)
    tab.get_by_text("Switch, or tick a host").wait_for(timeout=60_000)
    return tab


def test_a_switch_and_a_tick_decide_who_is_reached(page, theme):
    page.get_by_role("button", name="Apply and call").click()
    page.get_by_text("ALLOW_ANY: 2 of 3 destinations answer").wait_for()
    page.get_by_role("button", name="REGISTRY_ONLY").click()
    page.get_by_text("REGISTRY_ONLY: 1 of 3 destinations answer").wait_for()
    page.get_by_label("api.partner.example").check()
    page.get_by_text("REGISTRY_ONLY: 2 of 3 destinations answer").wait_for()
    assert page.locator("td", has_text="outbound|80||api.partner.example").count() == 1
    assert page.locator("td", has_text="block_all").count() == 1
    assert page.locator("pre > div[style*=E69F00]").count() > 10, (
        "the entry that the tick has added is marked"
    )
    page.locator(".widget-vbox").first.scroll_into_view_if_needed()
    shoot(page, f"egress-policy-{theme}")
    assert_apart(
        boxes(
            page,
            ".widget-toggle-button",
            ".widget-button",
            ".widget-checkbox",
            ".widget-html table",
            "pre:visible",
        )
    )
    page.get_by_role("button", name="ALLOW_ANY").click()
    page.get_by_text("ALLOW_ANY: 3 of 3 destinations answer").wait_for()
