"""The study's names, as a learner has them who shares a cluster."""

from __future__ import annotations

import pytest
import yaml

from meshtutor.config import study
from meshtutor.kube import manifests
from meshtutor.kube.naming import BESIDE, localized, own_name

MINE = "student-07"


def read(text: str):
    return localized(yaml.safe_load(text), MINE)


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("outside", "student-07-outside"),
        ("front", "student-07-front"),
        ("default", MINE),
        ("istio-system", "istio-system"),
        ("elsewhere", "elsewhere"),
    ],
)
def test_what_the_study_puts_beside_a_learner_begins_with_their_name(name, own):
    assert own_name(name, MINE) == own
    assert own_name(name, "default") == name


def test_in_the_namespace_that_the_study_is_written_for_nothing_changes():
    for file in manifests.files("manifests/14_use_the_gateway_api"):
        for obj in manifests.load(file):
            assert localized(obj, "default") is obj


def test_every_namespace_of_the_manifests_has_a_name_for_each_learner():
    folders = sorted(path for path in (study() / "manifests").iterdir() if path.is_dir())
    found = {obj["metadata"]["name"] for obj in manifests.load(folders) if obj["kind"] == "Namespace"}
    assert found == set(BESIDE)


def test_an_object_its_namespace_and_whom_it_refers_to_go_together():
    route = read("""
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: sale, namespace: marketing}
      spec:
        parentRefs: [{name: front, namespace: istio-system}, {name: front}]
        rules: [{backendRefs: [{name: productpage, namespace: default, port: 9080}]}]
    """)
    assert route["metadata"]["namespace"] == "student-07-marketing"
    assert route["spec"]["parentRefs"] == [
        {"name": "student-07-front", "namespace": "istio-system"},
        {"name": "front"},  # in one's own namespace it may have any name
    ]
    assert route["spec"]["rules"][0]["backendRefs"][0] == {
        "name": "productpage", "namespace": MINE, "port": 9080,
    }  # fmt: skip
    gateway = read("{apiVersion: v1, kind: Gateway, metadata: {name: front, namespace: istio-system}}")
    assert gateway["metadata"]["name"] == "student-07-front"
    space = read("{apiVersion: v1, kind: Namespace, metadata: {name: marketing}}")
    assert space["metadata"]["name"] == "student-07-marketing"


def test_hosts_are_read_as_istio_reads_them_and_other_words_stay():
    sidecar = read("""
      apiVersion: networking.istio.io/v1
      kind: Sidecar
      metadata: {name: default}
      spec:
        egress:
        - hosts: [./reviews.default.svc.cluster.local, partner/api.partner.example, "istio-system/*", "*/x.default.io"]
    """)
    assert sidecar["metadata"]["name"] == "default"
    assert sidecar["spec"]["egress"][0]["hosts"] == [
        "./reviews.student-07.svc.cluster.local",
        "student-07-partner/api.partner.example",
        "istio-system/*",
        "*/x.default.io",
    ]


def test_identities_and_lists_of_namespaces():
    policy = read("""
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: only-friends}
      spec:
        rules:
        - from: [{source: {principals: [cluster.local/ns/default/sa/client], namespaces: [partner, istio-system]}}]
    """)
    (source,) = policy["spec"]["rules"][0]["from"]
    assert source["source"]["principals"] == ["cluster.local/ns/student-07/sa/client"]
    assert source["source"]["namespaces"] == ["student-07-partner", "istio-system"]


def test_the_application_in_a_config_map_is_nobodys_reference():
    text = {"app.py": "reviews.default.svc.cluster.local"}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": text}
    assert localized(obj, MINE)["data"] == text
