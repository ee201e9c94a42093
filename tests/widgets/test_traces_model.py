"""A search for traces without a browser: what the form asks, what is opened, and what is said when nobody answers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from meshtutor.charts import trace_scatter
from meshtutor.charts.searching import verdict_of
from meshtutor.errors import MeshtutorError, QueryError
from meshtutor.telemetry.traces import Traces
from meshtutor.widgets.traces_model import LIMIT, TracesModel
from meshtutor.widgets.traces_view import TracesView
from tests.telemetry.some_traces import retried, span, trace

GATEWAY = "meshtutor-gateway.student-07"
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

    def trace(self, trace_id: str) -> Any:
        for one in self.traces:
            if one.id == trace_id.lstrip("0"):
                return one
        raise QueryError(f"no trace {trace_id}", "wait")

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
    assert store.asked == [(GATEWAY, {"seconds": 900.0, "limit": 201})]
    assert model.trace is MENDED
    model.open("slow")
    model.search()
    assert model.chosen == "slow"


def test_every_field_of_the_form_is_asked_for(model: TracesModel, store: Store):
    model.service, model.operation = "details.default", "details.default in"
    model.slower_than, model.faster_than, model.seconds = 30, 500, 60
    model.failed, model.tags = True, 'http.status_code=503 user="Jane Doe"'
    model.search()
    service, asked = store.asked[-1]
    assert (service, asked["operation"]) == ("details.default", "details.default in")
    assert (asked["slower_than"], asked["faster_than"], asked["seconds"]) == (30.0, 500.0, 60.0)
    assert asked["tags"] == {"http.status_code": "503", "user": "Jane Doe", "error": "true"}


def test_tags_that_cannot_be_read_are_named_and_nothing_is_asked(model: TracesModel, store: Store):
    model.tags = "=503"
    assert not model.search()
    assert "'=503'" in model.error
    assert not store.asked


def test_of_more_traces_than_are_shown_it_is_said_that_there_are_more(model: TracesModel, store: Store):
    store.traces = tuple(trace(span("a", service=GATEWAY), id=str(i)) for i in range(LIMIT + 1))
    model.search()
    assert model.more
    assert [one.id for one in model.found] == [str(i) for i in range(LIMIT)]
    assert told(model).startswith(f"The newest {LIMIT} of more.")
    store.traces = store.traces[:LIMIT]
    model.search()
    assert not model.more
    assert "of more" not in told(model)


@pytest.mark.parametrize(
    "pasted", ["ABC", " abc ", "00-00000000000000000000000000000abc-00f067aa0ba902b7-01"]
)
def test_a_trace_is_found_by_its_id_or_by_the_header_that_holds_it(model: TracesModel, pasted: str):
    assert model.find(pasted)
    assert model.trace is MENDED
    assert [one.id for one in model.found] == ["abc"]


@pytest.mark.parametrize(
    ("pasted", "said"), [("abd", "no trace abd"), ("reviews", "'reviews' is not the id")]
)
def test_what_is_not_found_by_its_id_leaves_the_list_as_it_was(model: TracesModel, pasted: str, said: str):
    model.search()
    assert not model.find(pasted)
    assert said in model.error
    assert len(model.found) == 5


def test_an_empty_list_does_not_promise_that_every_request_is_traced(model: TracesModel, store: Store):
    store.traces = ()
    model.search()
    assert "only sampled requests are traced" in told(model)
    assert "Every request" not in told(model)


def told(model: TracesModel) -> str:
    """The words above the dots."""
    view = TracesView(model)
    words = re.sub(r"<[^>]*>", "", view._told.value)
    view.close()
    return words


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
    view._form.fields["slower_than"].value = 20
    assert view._asking.join()
    assert model.slower_than == 20
    view._form.id.value = "abc"
    assert view._asking.join()
    assert (model.chosen, view._list.options[0][1]) == ("abc", "abc")
    view._form.button.click()
    assert view._asking.join()
    assert len(model.found) == 5
    view.close()
