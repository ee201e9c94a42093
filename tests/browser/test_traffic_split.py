"""The traffic split in JupyterLab, as a learner uses it: with the keyboard, in both themes, on a running lab."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from tests.browser.conftest import Jupyter, shoot

CELLS = (
    "import meshtutor as mt\nmesh = mt.connect()\nmesh.reset()",
    "split = mt.widgets.TrafficSplit(mesh, 'reviews')\nsplit",
)
# per version a band, a target and the observed share (charts/sharing.py); plotly keeps lists as typed arrays
NEWEST = """(index) => {
  const y = document.querySelector(".js-plotly-plot").data?.[index]?.y ?? [];  // not drawn yet
  const values = Array.from(y._inputArray ? Object.values(y._inputArray) : y);
  return values.length ? values[values.length - 1] : null;
}"""
V3_OBSERVED = 8
# seconds from the key's press until the newest share of v3 is as wanted
SEEN_AFTER = """() => new Promise((done) => {
  const plot = document.querySelector(".js-plotly-plot");
  const look = () => {
    const y = plot.data[8].y, values = Array.from(y._inputArray ? Object.values(y._inputArray) : y);
    const share = values[values.length - 1];
    if (share !== null && share %s) done((performance.now() - window.pressed) / 1000);
    else requestAnimationFrame(look);
  };
  look();
})"""


@pytest.fixture
def split(page, jupyter: Jupyter, theme: str):
    """The widget in a notebook of its own; it counts requests already."""
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    name = f"split-{theme}.ipynb"
    written = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(written, Path(jupyter.folder) / "notebooks" / name)
    page.goto(jupyter.notebook(name))
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text("| Idle").wait_for()  # before that, "Run All Cells" does nothing
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.locator(".js-plotly-plot").wait_for()
    newest_becomes(page, lambda share: share is not None)
    return page


def newest_becomes(page, wanted, timeout: float = 15.0) -> float:
    """Wait until the newest observed share of v3 is as wanted; the seconds it took."""
    started = time.monotonic()
    while not wanted(share := page.evaluate(NEWEST, V3_OBSERVED)):
        assert time.monotonic() - started < timeout, f"the share of v3 is still {share}"
        page.wait_for_timeout(30)
    return time.monotonic() - started


def test_keys_on_a_slider_shift_traffic_and_the_chart_shows_it(split, theme):
    handles = split.locator(".noUi-handle")
    handles.nth(2).focus()
    split.keyboard.press("End")
    newest_becomes(split, lambda share: share > 90)
    assert [handle.get_attribute("aria-valuenow") for handle in handles.all()] == ["0.0", "0.0", "100.0"]
    split.get_by_text("acknowledged (ACK) in").wait_for()
    split.get_by_text("weight: 100").wait_for()
    shoot(split, f"traffic split {theme}")
    split.keyboard.press("Home")
    newest_becomes(split, lambda share: share < 10)


def test_a_shift_is_seen_within_two_seconds_of_the_keys_press(split):
    """From the input event to the redrawn trace that shows nothing but the new rule; the median of five moves."""
    split.evaluate(
        "() => document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true)"
    )
    split.locator(".noUi-handle").nth(2).focus()
    took = []
    for key, wanted in (("End", "> 90"), ("Home", "< 10")) * 2 + (("End", "> 90"),):
        split.keyboard.press(key)
        took.append(split.evaluate(SEEN_AFTER % wanted))
    assert statistics.median(took) < 2.0, took


def test_pausing_stops_the_requests_and_removing_the_output_stops_everything(split):
    split.get_by_role("button", name="Pause traffic").click()
    split.get_by_text("Paused.").wait_for()
    newest_becomes(split, lambda share: share is None, timeout=20)  # nothing was sent: a gap, not a zero
    split.get_by_role("button", name="Resume traffic").click()
    newest_becomes(split, lambda share: share is not None)


def test_nothing_overlaps_at_1280_pixels(split):
    boxes = [split.locator(".jp-OutputArea-output").locator(part).first.bounding_box()
             for part in (".noUi-target >> nth=0", ".noUi-target >> nth=1", ".noUi-target >> nth=2", "button",
                          ".js-plotly-plot")]  # fmt: skip
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"] + 1
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 1280 for box in boxes)
