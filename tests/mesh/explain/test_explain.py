"""What `explain` says, against what real requests do."""

from __future__ import annotations

import json

import pytest

from meshtutor.errors import MeshtutorError
from tests.mesh.situations import (
    BY_USER,
    DELEGATING,
    JASON,
    SHADOWED,
    SITUATIONS,
    SUBSETS,
    Situation,
    matched,
    rules,
    subsets,
    to,
)

N = 12


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_explanation_says_what_the_requests_do(under, situation: Situation):
    mesh = under(situation.rule)
    asked = {"headers": situation.headers, "method": situation.method, "from_pod": situation.from_pod}
    found = mesh.explain("reviews", path=situation.path, **asked)
    assert subsets(found) == situation.shares
    assert found.result.flags == situation.flags
    if not found.result.fault:
        assert found.result.status == situation.status
    step, path = situation.decided
    if step:
        assert found.step(step).by.path == path, found
        assert found.step(step).by.object == "VirtualService default/reviews"
    assert situation.lost in " ".join(lost.reason for lost in found.lost)
    sent = mesh.send("reviews", n=N, path=situation.path, **asked)
    _agrees(sent, situation)


def _agrees(sent, situation: Situation) -> None:
    if situation.status:
        assert {outcome.status for outcome in sent} == {situation.status}, sent
        assert not any(outcome.version for outcome in sent)
    elif "" not in situation.shares:
        assert {outcome.version for outcome in sent} <= set(situation.shares), sent
    else:
        assert all(outcome.version for outcome in sent)


def test_each_step_names_its_file_and_line(under, tmp_path):
    file = tmp_path / "by-user.yaml"
    file.write_text(BY_USER)
    mesh = under(str(file))
    found = mesh.explain("reviews", headers=JASON)
    assert found.step("virtual host").by.where == f"{file}:7"
    assert found.step("route").by.where == f"{file}:9"
    assert "end-user" in found.step("route").by.line
    assert found.lost[0].by.where == f"{file}:10"
    assert found.step("subset").by.object == "DestinationRule default/reviews"


def test_a_delegated_rule_is_named_with_its_object_and_line_and_so_is_what_led_there(under, tmp_path):
    file = tmp_path / "delegating.yaml"
    file.write_text(DELEGATING)
    found = under(str(file)).explain("reviews", headers=JASON)
    team, root = "VirtualService default/team", "VirtualService default/reviews"
    said = {step: (found.step(step).by.object, found.step(step).by.where) for step in (
        "virtual host", "delegate", "route", "cluster", "retries", "timeout")}  # fmt: skip
    assert said == {
        "virtual host": (root, f"{file}:7"),
        "delegate": (root, f"{file}:10"),
        "route": (team, f"{file}:20"),
        "cluster": (team, f"{file}:21"),
        "retries": (team, f"{file}:22"),
        "timeout": (root, f"{file}:11"),
    }
    assert [(lost.by.object, lost.by.where) for lost in found.lost] == [
        (root, f"{file}:9"),
        (root, f"{file}:12"),
    ]


def test_the_condition_of_a_delegate_without_one_is_the_roots(under, tmp_path):
    file = tmp_path / "delegating.yaml"
    file.write_text(DELEGATING)
    found = under(str(file)).explain("reviews")
    assert (found.step("route").by.object, found.step("route").by.where) == (
        "VirtualService default/reviews", f"{file}:9",
    )  # fmt: skip
    assert found.step("cluster").by.where == f"{file}:23"


def test_no_line_is_named_for_an_object_that_was_changed_since(under, tmp_path, kubectl):
    file = tmp_path / "by-user.yaml"
    file.write_text(BY_USER)
    mesh = under(str(file))
    patch = '[{"op": "replace", "path": "/spec/http/0/match/0/headers/end-user/exact", "value": "mary"}]'
    kubectl("patch", "vs", "reviews", "--type", "json", "-p", patch)
    mesh.provider.wait_until_distributed(mesh.api.revision())
    found = mesh.explain("reviews", headers={"end-user": "mary"})
    assert subsets(found) == {"v2": 100}
    assert found.step("route").by.where == ""
    assert "mary" in found.step("route").by.line


MANY = rules(
    f"{{match: [{{uri: {{exact: /a}}}}, {{headers: {{end-user: {{prefix: j}}}}}}], route: [{to('v2')}]}}",
    f"{{match: [{{method: {{exact: PUT}}}}], route: [{to('v3')}]}}",
    f"{{route: [{to('v1')}]}}",
)


@pytest.mark.parametrize(
    ("rule", "headers", "lost"),
    [(MANY, {}, 3), (MANY, JASON, 3), (SHADOWED, JASON, 1)],
    ids=["last", "second", "never sent"],
)
def test_where_the_control_plane_does_not_tell_the_rule_it_follows_from_the_order(
    under, monkeypatch, rule, headers, lost
):
    mesh = under(rule)
    told = mesh.explain("reviews", headers=headers)
    as_istio_has_it = mesh.provider.config_dump(mesh.pods("app=client")[0])
    assert strip(as_istio_has_it) > 0
    monkeypatch.setattr(mesh.provider, "config_dump", lambda pod: as_istio_has_it)
    inferred = mesh.explain("reviews", headers=headers)
    assert inferred.steps == told.steps
    assert inferred.lost == told.lost
    assert len(inferred.lost) == lost


def strip(value) -> int:
    """Take this project's own metadata out of a dump; how often it was there."""
    if isinstance(value, list):
        return sum(map(strip, value))
    if not isinstance(value, dict):
        return 0
    own = "rule" in value.get("meshtutor", {}) and bool(value.pop("meshtutor"))
    return own + sum(map(strip, value.values()))


def test_the_gateway_is_explained_too(mesh):
    found = mesh.explain(mesh.gateway + "/productpage")
    assert found.cluster == "outbound|9080||productpage.default.svc.cluster.local"
    assert found.step("route").by.object == "VirtualService default/bookinfo"
    assert found.step("route").by.where.endswith("bookinfo-gateway.yaml:28")
    assert mesh.send(mesh.gateway + "/productpage", n=1).ok
    refused = mesh.explain(mesh.gateway + "/nowhere")
    assert (refused.result.status, refused.result.flags) == (404, "NR")
    assert mesh.send(mesh.gateway + "/nowhere", n=1).outcomes[0].status == 404


BYTES = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: passing}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 443, name: tls, protocol: TLS}
    hosts: ["*.shop.test"]
    tls: {mode: PASSTHROUGH}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shops}
spec:
  hosts: ["*.shop.test"]
  gateways: [passing]
  tls:
  - match:
    - sniHosts: [tea.shop.test]
    route:
    - destination: {host: reviews, subset: v1}
      weight: 20
    - destination: {host: reviews, subset: v2}
      weight: 80
  - match:
    - sniHosts: ["*.shop.test"]
    route:
    - destination: {host: nobody}
"""


def test_bytes_are_explained_by_the_name_that_is_called(under):
    mesh = under(BYTES)
    found = mesh.explain("https://tea.shop.test/", from_pod=mesh.gateway_tls)
    assert subsets(found) == {"v1": 20, "v2": 80}
    chain = found.step("filter chain")
    assert "calls tea.shop.test (SNI)" in chain.what
    assert (chain.by.object, chain.by.path) == ("VirtualService default/shops", "spec.tls[0].match[0]")
    assert found.step("cluster").by.path == "spec.tls[0].route[0].destination.subset"
    assert not found.step("timeout")
    assert "as bytes" in repr(found)
    lost = mesh.explain("https://new.shop.test/", from_pod=mesh.gateway_tls)
    assert lost.step("filter chain").by.path == "spec.tls[1].match[0]"
    assert "does not exist: the connection is closed" in lost.step("cluster").what
    nobody = mesh.explain("https://elsewhere.test/", from_pod=mesh.gateway_tls)
    assert "connection is closed" in nobody.verdict[0]


def test_a_rule_for_the_gateway_only_does_not_reach_sidecars(under):
    mesh = under(
        rules(f"{{route: [{to('v3')}]}}").replace("spec:\n", "spec:\n  gateways: [bookinfo-gateway]\n")
    )
    assert subsets(mesh.explain("reviews")) == {"": 100}


def test_a_host_that_nobody_knows_leaves_the_mesh(mesh):
    assert mesh.explain("http://example.org/").cluster == "PassthroughCluster"


def test_endpoints_are_named_by_pod_with_their_health(mesh):
    steps = [step.what for step in mesh.explain("reviews").steps if step.name == "endpoint"]
    pods = [pod["metadata"]["name"] for pod in mesh.pods("app=reviews")]
    assert len(steps) == 3
    for pod in pods:
        assert any(pod in step and "healthy" in step for step in steps)


def test_an_ejected_endpoint_is_called_ejected(under, mesh):
    breaker = SUBSETS.replace("name: reviews\n", "name: breaker\n", 1).replace("host: reviews\n", (
        "host: ratings\n  trafficPolicy:\n    outlierDetection: {consecutive5xxErrors: 1, interval: 1s, "
        "baseEjectionTime: 60s, maxEjectionPercent: 100}\n"))  # fmt: skip
    under(breaker)
    (pod,) = mesh.pods("app=ratings")
    path = f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}:9080/proxy/fault"
    mesh.api.request("PUT", path, body={"status": 500, "share": 1})
    try:
        mesh.send("ratings", n=5, concurrency=1)
        (endpoint,) = [step.what for step in mesh.explain("ratings").steps if step.name == "endpoint"]
        assert "ejected (outlier detection)" in endpoint
    finally:
        mesh.api.request("DELETE", path)


def test_it_is_shown_as_text_as_html_and_as_json(under):
    found = under(BY_USER).explain("reviews", headers=JASON)
    assert "100 % to outbound|9080|v2|reviews.default.svc.cluster.local" in repr(found)
    assert "routes that did not get it" in repr(found)
    page = found._repr_html_()
    assert "VirtualService default/reviews" in page
    assert "var(--jp-" in page
    assert json.loads(json.dumps(found.to_dict()))["clusters"] == found.clusters


def test_what_a_request_says_cannot_become_markup(under):
    found = under(matched("{headers: {x: {exact: a}}}")).explain("reviews", headers={"x": "<script>"})
    assert "<script>" not in found._repr_html_()


def test_a_sender_that_is_not_there_is_named(mesh):
    with pytest.raises(MeshtutorError, match="No pod 'nobody'"):
        mesh.explain("reviews", from_pod="nobody")


def test_a_pod_without_sidecar_has_nothing_to_explain(mesh):
    with pytest.raises(MeshtutorError, match="has no sidecar"):
        mesh.explain("reviews", from_pod="istiod.istio-system")
