"""HTTPRoutes as learners meet them: applied until proxies have them, explained by their lines, gone after a reset."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.errors import MeshtutorError
from meshtutor.kube import kinds

ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: reviews
spec:
  parentRefs:
  - {group: "", kind: Service, name: reviews}
  rules:
  - matches:
    - headers: [{name: end-user, value: jason}]
    backendRefs: [{name: ratings, port: 9080}]
  - backendRefs:
    - {name: reviews, port: 9080, weight: 9}
    - {name: details, port: 9080, weight: 1}
    filters:
    - type: URLRewrite
      urlRewrite: {hostname: inside}
    timeouts:
      request: 7s
"""
GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: istio-system}
spec:
  gatewayClassName: istio
  addresses: [{type: Hostname, value: istio-ingressgateway.istio-system.svc.cluster.local}]
  listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
"""


@pytest.fixture(scope="module")
def mesh(lab):
    with mt.connect() as connected:
        connected.reset()
        yield connected
        connected.reset()


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "route.yaml"
    found.write_text(ROUTE)
    return found


def test_an_apply_waits_for_the_proxies(mesh, file):
    applied = mesh.apply(str(file))
    assert applied.acks
    assert applied.ok
    answered = mesh.send("reviews", n=3, headers={"end-user": "jason"})
    assert {one.pod.split("-")[0] for one in answered} == {"ratings"}


def test_each_step_names_the_line_of_the_route(mesh, file):
    mesh.apply(str(file))
    found = mesh.explain("reviews")
    said = {
        step: found.step(step).by.where for step in ("virtual host", "route", "cluster", "rewrite", "timeout")
    }
    assert said == {
        "virtual host": f"{file}:7",
        "route": f"{file}:12",
        "cluster": f"{file}:13",
        "rewrite": f"{file}:17",
        "timeout": f"{file}:19",
    }
    assert found.step("route").by.object == "HTTPRoute default/reviews"
    assert [(lost.route, lost.by.where) for lost in found.lost] == [("default.reviews.0", f"{file}:10")]


def test_on_a_real_cluster_the_routes_name_leads_to_the_object(mesh, file, monkeypatch):
    mesh.apply(str(file))
    told = mesh.provider.config_dump

    def without_our_metadata(pod):
        return strip(told(pod))

    monkeypatch.setattr(mesh.provider, "config_dump", without_our_metadata)
    found = mesh.explain("reviews", headers={"end-user": "jason"})
    assert found.step("route").by.object == "HTTPRoute default/reviews"
    assert found.step("route").by.where == f"{file}:9"


def strip(value):
    """A configuration dump as Istio would give it: without this project's own metadata."""
    if isinstance(value, dict):
        return {key: strip(inner) for key, inner in value.items() if key != "meshtutor"}
    return [strip(inner) for inner in value] if isinstance(value, list) else value


def test_a_reset_takes_routes_and_the_lessons_gateway_away_and_leaves_the_class(mesh, file):
    mesh.apply(str(file))
    mesh.apply(GATEWAY)
    done = mesh.reset()
    assert {"HTTPRoute default/reviews", "Gateway istio-system/front"} <= set(done.removed)
    assert [one["metadata"]["name"] for one in mesh.api.list(kinds.GATEWAY_CLASS)] == ["istio"]


def test_conditions_say_why_and_nobody_is_an_answer_too(mesh, file):
    mesh.apply(GATEWAY)
    assert mesh.conditions("gtw", "front", "istio-system")
    assert mesh.conditions("GatewayClass", "istio").reason("Accepted") == "Accepted"
    mesh.apply(ROUTE.replace("name: ratings", "name: none"))
    found = mesh.conditions("HTTPRoute", "reviews")
    assert not found
    assert found.reason("ResolvedRefs") == "BackendNotFound"
    assert "none.default.svc.cluster.local" in repr(found)
    mesh.apply(ROUTE.replace('group: "", kind: Service, name: reviews', "name: nobody"))
    unknown = mesh.conditions("HTTPRoute", "reviews", timeout=0.3)
    assert not unknown
    assert "nobody has answered" in unknown._repr_html_()


def test_conditions_of_another_api_are_not_known(mesh):
    with pytest.raises(MeshtutorError, match="no kind whose conditions"):
        mesh.conditions("VirtualService", "reviews")
