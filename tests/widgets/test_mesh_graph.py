"""The graph's and the dashboard's models and what runs behind them, on a small API with a scripted Prometheus."""

from __future__ import annotations

import threading
import time

import pytest

from meshtutor.errors import MeshtutorError, QueryError
from meshtutor.mesh import Mesh
from meshtutor.telemetry.results import Matrix, Series
from meshtutor.widgets import Dashboard, MeshGraph
from tests.support.kubernetes import FakeKubernetes, FakeProvider, pod, service
from tests.telemetry.graph.rows import Answers, labels

CALL = labels("client", "reviews", "reviews-v1")
RULE = {
    "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
    "metadata": {"name": "reviews", "namespace": "default"}, "spec": {"host": "reviews"},
}  # fmt: skip
ROUTE = {
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
    "metadata": {"name": "reviews", "namespace": "default"},
    "spec": {"parentRefs": [{"group": "", "kind": "Service", "name": "reviews"}]},
}  # fmt: skip
STRICT = {
    "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
    "metadata": {"name": "default", "namespace": "istio-system"}, "spec": {"mtls": {"mode": "STRICT"}},
}  # fmt: skip


class Prometheus(Answers):
    """Also answers questions over time; `error` is raised instead, once it is set."""

    scrape_interval = 1.0
    error: MeshtutorError | None = None

    def query(self, promql: str):
        if self.error:
            raise self.error
        return super().query(promql)

    def query_range(self, expression: str, seconds: float, step: float, end: float) -> Matrix:
        if self.error:
            raise self.error
        found = Series({"name": "reviews", "signal": "rate"}, ((end - 1, 4.0), (end, 5.0)))
        return Matrix(expression, (found,))


@pytest.fixture
def mesh(tmp_path):
    kubernetes = FakeKubernetes()
    for obj in (pod("reviews-v1-x", "reviews"), pod("client-x", "client"), service("reviews"), RULE):
        kubernetes.put(obj)
    with Mesh(FakeProvider(kubernetes, tmp_path)) as made:
        made.prometheus = Prometheus(requests=[(CALL, 5.0)])
        yield made
    kubernetes.server.close()


def test_a_node_that_is_selected_comes_with_its_numbers_and_rules(mesh):
    model = MeshGraph(mesh).model
    assert model.refresh()
    model.selected = "service:default/reviews"
    assert model.chosen.rate_in == 5.0
    assert [rule.title for rule in model.rules] == ["DestinationRule default/reviews"]
    model.selected = "workload:default/client -> service:default/reviews (http)"
    assert model.chosen.rate == 5.0
    assert ("client → reviews (service)", model.selected) in model.choices


def test_a_click_shows_what_the_gateway_api_and_policies_say(mesh):
    mesh.provider.kubernetes.put(ROUTE)
    mesh.provider.kubernetes.put(STRICT)
    model = MeshGraph(mesh).model
    model.refresh()
    model.selected = "service:default/reviews"
    assert [rule.title for rule in model.rules] == [
        "DestinationRule default/reviews",
        "HTTPRoute default/reviews",
    ]
    for edge in (
        "workload:default/client -> service:default/reviews",
        "service:default/reviews -> workload:default/reviews-v1",
    ):
        model.selected = f"{edge} (http)"
        assert [rule.title for rule in model.rules][-1] == "PeerAuthentication istio-system/default"


def test_what_is_gone_is_not_chosen_any_more_and_comes_back(mesh):
    model = MeshGraph(mesh).model
    model.refresh()
    model.selected = "workload:default/client -> service:default/reviews (http)"
    calls = mesh.prometheus.rows["istio_requests_total"]
    mesh.prometheus.rows["istio_requests_total"] = []
    model.refresh()
    assert model.chosen is None
    assert model.rules == ()
    mesh.prometheus.rows["istio_requests_total"] = calls
    model.refresh()
    assert model.chosen.rate == 5.0


@pytest.mark.parametrize("widget", [MeshGraph, Dashboard])
def test_trouble_with_prometheus_is_a_sentence_the_last_picture_stays_and_it_passes(mesh, widget):
    model = widget(mesh).model
    assert model.refresh()
    mesh.prometheus.error = QueryError("Prometheus does not answer: connection refused")
    assert not model.refresh()
    assert (model.error, model.drawn) == ("Prometheus does not answer: connection refused", 1)
    mesh.prometheus.error = None
    assert model.refresh()
    assert (model.error, model.drawn) == ("", 2)


def test_a_dashboard_of_one_service_has_its_own_signals_and_refuses_nonsense(mesh):
    dashboard = Dashboard(mesh, "reviews")
    assert dashboard.model.refresh()
    assert dashboard.model.board.total.last("rate") == 5.0
    assert dashboard.model.services == ("reviews",)
    with pytest.raises(MeshtutorError, match="no time to look back"):
        dashboard.model.seconds = 0.0
    assert "5.0/s" in repr(dashboard)


def test_what_another_notebook_does_is_marked_deletions_too(mesh):
    other, model = Mesh(mesh.provider), Dashboard(mesh).model
    model.refresh()
    other.apply(ROUTE)
    model.refresh()
    other.delete(ROUTE)
    other.delete(RULE)
    model.refresh()
    assert [str(one) for one in model.done if one.action == "deleted"] == [
        "DestinationRule default/reviews deleted",
        "HTTPRoute default/reviews deleted",
    ]
    assert [one.action for one in other.happenings.told()] == ["created", "deleted", "deleted"]


def test_marks_stay_while_kubernetes_does_not_answer(mesh, monkeypatch):
    model = Dashboard(mesh).model
    model.refresh()
    mesh.delete(RULE)
    before = mesh.happenings.told()

    def dead(*args):
        raise MeshtutorError("The Kubernetes API does not answer.")

    monkeypatch.setattr(mesh.api, "list", dead)
    assert model.refresh()
    assert model.done == before


@pytest.mark.parametrize("widget", [MeshGraph, Dashboard])
def test_it_asks_while_it_is_looked_at_and_leaves_no_thread_behind(mesh, widget):
    shown = widget(mesh)
    assert not threads()
    shown._live.beat()
    until(lambda: shown.model.drawn >= 1)
    shown._live.rest()
    assert not threads()
    shown._live.beat()
    assert threads() == ["meshtutor-watch"]
    assert shown._live.load is None  # nothing is sent unless somebody asks for it
    shown.close()
    shown._live.beat()
    assert not threads()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("meshtutor-")]


def until(condition, timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
