"""The first minute of a learner: open the first notebook as it is shipped, run it cell by cell, move a slider."""

from __future__ import annotations

import nbformat
import pytest

from tests.browser.conftest import shoot
from tests.browser.test_traffic_split import newest_becomes


@pytest.fixture
def notebook(page, jupyter):
    """The first notebook, run by Shift+Enter down to the cell with the slider."""
    name = "00_start_here.ipynb"
    cells = nbformat.read(jupyter.folder / "notebooks" / name, as_version=4).cells
    page.goto(jupyter.notebook(name))
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text("| Idle").wait_for()
    page.locator(".jp-MarkdownCell").first.click()
    for _ in range(1 + next(i for i, cell in enumerate(cells) if "TrafficSplit" in cell.source)):
        page.keyboard.press("Shift+Enter")
    page.locator(".noUi-handle").first.wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").wait_for()
    return page


def test_moving_a_slider_of_the_first_notebook_bends_the_traffic(notebook):
    newest_becomes(notebook, lambda share: share is not None)
    notebook.locator(".noUi-handle").nth(2).focus()
    notebook.keyboard.press("End")
    notebook.get_by_text("acknowledged (ACK) in").first.wait_for()
    newest_becomes(notebook, lambda share: share > 90)
    shoot(notebook, "first notebook all v3")
    notebook.keyboard.press("Home")
    newest_becomes(notebook, lambda share: share < 10)
