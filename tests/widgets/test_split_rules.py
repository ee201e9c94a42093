"""The YAML that a split writes, and how it treats rules that are there already."""

from __future__ import annotations

import pytest
import yaml

from meshtutor.widgets.split_rules import clean, is_host, rules_for


def virtual_service(**spec):
    meta = {"name": "mine", "namespace": "default", "resourceVersion": "7", "managedFields": []}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta,
            "spec": {"hosts": ["reviews"], **spec}}  # fmt: skip


def destination_rule(*subsets, host="reviews"):
    spec = {"host": host, "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}}
    if subsets:
        spec["subsets"] = [{"name": name, "labels": {"version": "v1"}} for name in subsets]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "dr"},
        "spec": spec,
    }


def split(*rules, versions=("v1", "v2", "v3")):
    by_kind = {
        kind: [r for r in rules if r["kind"] == kind] for kind in ("DestinationRule", "VirtualService")
    }
    return rules_for("reviews", "default", versions, by_kind["DestinationRule"], by_kind["VirtualService"])


def route(subset, weight=None):
    found = {"destination": {"host": "reviews", "subset": subset}}
    return found if weight is None else {**found, "weight": weight}


def test_without_rules_it_writes_both_objects_as_a_person_would():
    text = split().yaml({"v1": 70, "v2": 0, "v3": 30})
    assert text == (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: reviews\nspec:\n"
        "  hosts:\n  - reviews\n  http:\n  - route:\n"
        "    - destination:\n        host: reviews\n        subset: v1\n      weight: 70\n"
        "    - destination:\n        host: reviews\n        subset: v2\n      weight: 0\n"
        "    - destination:\n        host: reviews\n        subset: v3\n      weight: 30\n"
        "---\n"
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: reviews\nspec:\n"
        "  host: reviews\n  subsets:\n"
        "  - name: v1\n    labels:\n      version: v1\n"
        "  - name: v2\n    labels:\n      version: v2\n"
        "  - name: v3\n    labels:\n      version: v3\n"
    )


def test_subsets_that_the_learner_defined_are_used_and_left_alone():
    rules = split(destination_rule("stable", "canary"))
    assert rules.subsets == ("stable", "canary")
    assert [obj["kind"] for obj in rules.objects({"stable": 90, "canary": 10})] == ["VirtualService"]


def test_a_destination_rule_without_subsets_keeps_its_policy():
    (_, rule) = split(destination_rule()).objects({"v1": 100, "v2": 0, "v3": 0})
    assert rule["metadata"]["name"] == "dr"
    assert rule["spec"]["trafficPolicy"]["loadBalancer"]["simple"] == "ROUND_ROBIN"
    assert [s["name"] for s in rule["spec"]["subsets"]] == ["v1", "v2", "v3"]


def test_the_learners_own_rule_keeps_its_matches_and_only_its_weights_change():
    jason = {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [route("v2")]}
    rules = split(virtual_service(http=[jason, {"timeout": "2s", "route": [route("v1")]}]))
    rule = rules.objects({"v1": 50, "v2": 0, "v3": 50})[0]
    assert rule["metadata"] == {"name": "mine", "namespace": "default"}
    assert rule["spec"]["http"][0] == jason
    assert rule["spec"]["http"][1]["timeout"] == "2s"
    assert [d["weight"] for d in rule["spec"]["http"][1]["route"]] == [50, 0, 50]


def test_a_rule_without_a_last_route_gets_one():
    rules = split(virtual_service(http=[{"match": [{"uri": {"prefix": "/x"}}], "route": [route("v2")]}]))
    http = rules.objects({"v1": 100, "v2": 0, "v3": 0})[0]["spec"]["http"]
    assert len(http) == 2
    assert "match" not in http[1]


def test_the_learners_objects_are_kept_as_they_were():
    rules = split(virtual_service(http=[{"route": [route("v1")]}]))
    rules.objects({"v1": 0, "v2": 0, "v3": 100})
    assert rules.own[0]["spec"]["http"] == [{"route": [route("v1")]}]


@pytest.mark.parametrize(
    ("http", "weights"),
    [
        ([{"route": [route("v1", 70), route("v3", 30)]}], {"v1": 70, "v2": 0, "v3": 30}),
        ([{"route": [route("v2")]}], {"v1": 0, "v2": 100, "v3": 0}),
        ([{"route": [route("other", 100)]}], {}),
        ([], {"v1": 0, "v2": 0, "v3": 0}),
    ],
)
def test_weights_that_are_in_force_are_where_the_sliders_start(http, weights):
    assert split(virtual_service(http=http)).weights() == (weights if any(weights.values()) else {})


def test_rules_for_the_gateway_or_for_others_are_not_taken_over():
    at_gateway = virtual_service(gateways=["bookinfo-gateway"], http=[{"route": [route("v1")]}])
    elsewhere = {**virtual_service(http=[]), "spec": {"hosts": ["ratings"], "http": []}}
    rules = split(at_gateway, elsewhere, destination_rule("a", "b", host="ratings"))
    assert rules.own == ()
    assert rules.subsets == ("v1", "v2", "v3")


def test_a_rule_for_mesh_and_gateway_counts():
    assert split(virtual_service(gateways=["g", "mesh"], http=[])).own


@pytest.mark.parametrize(
    ("host", "means_it"),
    [("reviews", True), ("reviews.default", True), ("reviews.default.svc", True),
     ("reviews.default.svc.cluster.local", True), ("reviews.other", False), ("reviews2", False), ("", False),
     ("reviews.defaultx", False)],
)  # fmt: skip
def test_hosts(host, means_it):
    assert is_host(host, "reviews", "default") is means_it


def test_what_the_api_server_added_is_not_shown():
    annotated = virtual_service(http=[])
    annotated["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    assert clean(annotated)["metadata"] == {"name": "mine", "namespace": "default"}
    assert yaml.safe_load_all(split(annotated).yaml({"v1": 100, "v2": 0, "v3": 0}))
