"""A search for traces without a browser: what the form asks, what is opened, and what is said when nobody answers."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.charts import trace_scatter
from meshtutor.charts.searching import verdict_of
from meshtutor.errors import MeshtutorError, QueryError
from meshtutor.telemetry.traces import Traces
from meshtutor.widgets.traces_model import GATEWAY, TracesModel
from meshtutor.widgets.traces_view import TracesView
from tests.telemetry.some_traces import retried, span, trace

QUICK = trace(span("a", end=5, service=GATEWAY), id="quick", start=1_700_000_001.0)
SLOW = trace(span("a", end=50, service=GATEWAY), id="slow")
FAILED = trace(span("a", end=9, service=GATEWAY, http__status_code="503"), id="failed")
MENDED = retried()
DELAYED = trace(span("a", end=70), span("b", "a", 1, 60, response_flags="DI"), id="delayed")


class Store:
    """Answers every search with the same traces, and remembers what was asked."""

    def __init__(self, *traces: Any) -> None:
        self.traces, self.asked = traces, []
        self.silent = False

    def services(self) -> list[str]:
        if self.silent:
            raise QueryError("Jaeger does not answer", "wait")
        return ["details.default", GATEWAY]

    def operations(self, service: str) -> list[str]:
        return [f"{service} in", f"{service} out"]

    def search(self, service: str, **how: Any) -> Traces:
        self.asked.append((service, {key: value for key, value in how.items() if value}))
        return Traces("all", self.traces)


@pytest.fixture
def store() -> Store:
    return Store(QUICK, SLOW, FAILED, MENDED, DELAYED)


@pytest.fixture
def model(store: Store) -> TracesModel:
    return TracesModel(store)  # type: ignore[arg-type]


def test_the_gateways_traces_are_asked_for_first_and_the_slowest_is_opened(model: TracesModel, store: Store):
    assert model.search()
    assert store.asked == [(GATEWAY, {"seconds": 900.0, "limit": 200})]
    assert model.trace is MENDED
    model.open("slow")
    model.search()
    assert model.chosen == "slow"


def test_every_field_of_the_form_is_asked_for(model: TracesModel, store: Store):
    model.service, model.operation, model.slower_than, model.failed = (
        "details.default",
        "details.default in",
        30,
        True,
    )
    model.search()
    service, asked = store.asked[-1]
    assert (service, asked["operation"], asked["slower_than"], asked["tags"]) == (
        "details.default", "details.default in", 30.0, {"error": "true"},
    )  # fmt: skip


def test_an_operation_of_another_service_is_forgotten(model: TracesModel, store: Store):
    model.operation = "details.default in"
    model.search()
    assert model.operation == ""
    assert "operation" not in store.asked[-1][1]


def test_when_the_store_is_silent_the_last_answer_stays_and_the_reason_is_told(
    model: TracesModel, store: Store
):
    model.search()
    store.silent = True
    assert not model.search()
    assert model.error == "Jaeger does not answer"
    assert len(model.found) == 5


def test_time_below_zero_is_refused(model: TracesModel):
    with pytest.raises(MeshtutorError, match="slower_than"):
        model.slower_than = -1


def test_nothing_found_opens_nothing(model: TracesModel, store: Store):
    model.search()
    store.traces = ()
    model.search()
    assert (model.trace, model.chosen) == (None, "")


@pytest.mark.parametrize(("one", "verdict"), [
    (QUICK, "fine"), (FAILED, "failed"), (MENDED, "retried"), (DELAYED, "with a fault"),
])  # fmt: skip
def test_a_trace_is_as_bad_as_its_first_span_says(one: Any, verdict: str):
    assert verdict_of(one) == verdict


def test_every_trace_is_one_dot_and_the_chosen_one_has_a_ring(store: Store):
    chart = trace_scatter(Traces("all", store.traces), "slow")
    dots = {entry[0] for plot in chart.data[:-1] for entry in plot.customdata}
    assert dots == {"quick", "slow", "failed", "abc", "delayed"}
    assert list(chart.data[-1].y) == [50.0]


def test_a_dot_opens_its_trace_and_closing_leaves_no_thread(model: TracesModel):
    model.search()
    view = TracesView(model)
    fine = view._dots.data[3]
    number = [entry[0] for entry in fine.customdata].index("quick")
    view._clicked(fine, type("Points", (), {"point_inds": [number]}), None)
    assert model.chosen == "quick"
    assert view._list.value == "quick"
    view._form["slower_than"].value = 20
    assert view._asking.join()
    assert model.slower_than == 20
    view.close()
