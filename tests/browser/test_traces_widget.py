"""Traces as a learner uses them: a search, a dot that opens its trace, a retry and a fault that are told."""

from __future__ import annotations

from tests.browser.conftest import assert_apart, boxes, shoot

LOAD = 'mesh.send(mesh.gateway + "/productpage", n=30).ok'
DELAY = f'mesh.apply("manifests/07_inject_faults/ratings-delay-half.yaml")\n{LOAD}'
REPORTED = """
while len(mesh.traces.search("istio-ingressgateway.istio-system", limit=200)) < 60:
    pass  # proxies report every half a second
"""
SHOWN = "traces = mt.widgets.Traces(mesh)\ntraces"


def test_a_dot_opens_its_trace_and_the_form_narrows_the_list(opened, theme):
    page = opened("traces", LOAD, DELAY, REPORTED, SHOWN)
    plots = page.locator(".js-plotly-plot")
    plots.first.wait_for(timeout=90_000)
    title = page.locator(".widget-html b", has_text="trace ")
    title.wait_for()
    plots.first.scroll_into_view_if_needed()
    shoot(page, f"traces-{theme}")
    before = title.inner_text()
    dot = plots.first.locator("path.point[style*='rgb(0, 114, 178)']").last
    box = dot.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("document.querySelectorAll('.hoverlayer .hovertext').length > 0")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("before => !document.body.innerText.includes(before)", arg=before, timeout=20_000)
    shoot(page, f"traces-opened-{theme}")
    many = page.locator(".widget-select option").count()
    page.get_by_label("slower than (ms)").fill("400")
    page.get_by_label("slower than (ms)").press("Enter")
    page.wait_for_function(
        "many => document.querySelectorAll('.widget-select option').length < many", arg=many, timeout=20_000
    )
    assert page.locator(".widget-select option").count() > 0
    assert_apart(boxes(page, ".widget-dropdown", ".widget-text", ".widget-button", ".widget-select"))
    assert_apart(
        boxes(page, ".js-plotly-plot .legendtext", ".js-plotly-plot .xtitle", ".js-plotly-plot .ytitle")
    )
    page.get_by_text("delayed by a rule").first.wait_for()
    page.locator(".widget-html table").last.scroll_into_view_if_needed()
    shoot(page, f"traces-waterfall-{theme}")
    trace_id = title.inner_text().removeprefix("trace ").partition(":")[0]
    by_id = page.get_by_label("or one by its id")
    by_id.fill(trace_id)
    by_id.press("Enter")
    page.wait_for_function("document.querySelectorAll('.widget-select option').length === 1", timeout=20_000)
    page.get_by_text(f"trace {trace_id}:").wait_for()
    tags = page.get_by_label("with tags")
    page.get_by_label("slower than (ms)").fill("0")
    tags.fill("http.status_code=200 http.method=GET")
    tags.press("Enter")
    page.wait_for_function("document.querySelectorAll('.widget-select option').length > 1", timeout=20_000)
    tags.fill("=200")
    tags.press("Enter")
    page.get_by_text("Tags: '=200' cannot be read, expected key=value.").wait_for()
    page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
    shoot(page, f"traces-refused-{theme}")
    tags.fill("http.status_code=404")
    tags.press("Enter")
    page.get_by_text("only sampled requests are traced").wait_for()
