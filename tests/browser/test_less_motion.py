"""Who asks their system for less motion gets it: sliders jump, and live charts are redrawn seldom."""

from __future__ import annotations

import pytest

from meshtutor.widgets.face import CALM_SECONDS
from tests.browser.conftest import drawn

WIDGET = "split = mt.widgets.TrafficSplit(mesh, 'reviews')\nsplit"
# seconds between three times that the chart is drawn; what belongs to one time comes at once
GAPS = """() => new Promise((done) => {
  const times = [], plot = document.querySelector(".js-plotly-plot");
  plot.on("plotly_afterplot", () => {
    const now = performance.now() / 1000;
    if (times.length && now - times[times.length - 1] < 0.4) return;
    times.push(now);
    if (times.length === 4) done([times[2] - times[1], times[3] - times[2]]);
  });
})"""
HANDLE = "() => getComputedStyle(document.querySelector('.widget-hslider .noUi-origin')).transitionDuration"


@pytest.mark.parametrize("theme", ["light"], indirect=True)
@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_a_live_chart_is_drawn_as_often_as_the_system_asks(opened, page, theme, wish):
    page.emulate_media(reduced_motion=wish)
    opened(f"motion-{wish}", WIDGET)
    drawn(page)
    page.locator(".noUi-target").first.evaluate("slider => slider.classList.add('noUi-state-tap')")
    page.get_by_text("requests/s").first.wait_for()
    moving = page.evaluate(HANDLE)
    gaps = page.evaluate(GAPS)
    if wish == "reduce":
        assert moving == "0s"
        assert min(gaps) > CALM_SECONDS - 1, gaps
    else:
        assert moving != "0s", "a slider's handle glides by its own style"
        assert min(gaps) < CALM_SECONDS - 1, gaps
