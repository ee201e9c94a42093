"""The match builder and the fault injector as a learner uses them: typing, dragging, looking."""

from __future__ import annotations

import nbformat
import pytest

from tests.browser.conftest import shoot

CONNECT = "import meshtutor as mt\nmesh = mt.connect()\nmesh.reset()"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@pytest.fixture
def opened(jupyter, page, theme):
    """Open a notebook of these cells, run them all, and return the tab when the last one is done."""

    def run(name: str, *cells: str):
        sources = [nbformat.v4.new_code_cell(source) for source in (CONNECT, *cells)]
        file = f"{name}-{theme}.ipynb"
        written = nbformat.v4.new_notebook(cells=sources, metadata={"kernelspec": KERNEL})
        nbformat.write(written, jupyter.folder / "notebooks" / file)
        page.goto(jupyter.notebook(file))
        page.locator(".jp-Notebook").wait_for()
        page.get_by_text("| Idle").wait_for()  # before that, "Run All Cells" does nothing
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        return page

    return run


def boxes(page, *selectors: str):
    """The bounding boxes of all visible elements, by selector and number."""
    found = {}
    for selector in selectors:
        for i, element in enumerate(page.locator(selector).all()):
            if element.is_visible() and (box := element.bounding_box()):
                found[f"{selector} {i}"] = box
    return found


def assert_apart(found) -> None:
    """No two boxes overlap by more than a pixel, and none leaves the window on the right."""
    items = list(found.items())
    for i, (name, a) in enumerate(items):
        assert a["x"] + a["width"] <= 1281, f"{name} leaves the window"
        for other, b in items[i + 1 :]:
            wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
            assert wide <= 1 or high <= 1, f"{name} overlaps {other}"


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
