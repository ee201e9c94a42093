"""Two learners in one mesh, each in a namespace: real Envoys, real Prometheus, and what lessons put beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import meshtutor as mt
from meshtutor.kube.kinds import NAMESPACE
from meshtutor.mesh import Mesh
from meshtutor.mesh.waiting import wait_gone

OUTSIDER = "manifests/02_inject_sidecars/outsider.yaml"
LEARNER = "student-07"


@pytest.fixture(scope="module")
def one(lab: dict) -> Iterator[Mesh]:
    """The learner in `default`."""
    with mt.connect() as mesh:
        mesh.reset()
        yield mesh
        mesh.reset()


@pytest.fixture(scope="module")
def other(one: Mesh) -> Iterator[Mesh]:
    """Another learner, with an application of their own."""
    labels = dict(one.provider.injection)
    one.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LEARNER, "labels": labels}})
    with Mesh(one.provider, LEARNER) as mesh:
        mesh.reset(gateway=False, timeout=120)
        yield mesh
        mesh.reset(gateway=False)
    one.api.delete(NAMESPACE, LEARNER)
    wait_gone(one.api, [LEARNER], timeout=60)


def test_each_has_a_pod_outside_the_mesh_and_takes_only_their_own_away(one: Mesh, other: Mesh) -> None:
    one.apply(OUTSIDER)
    other.apply(OUTSIDER)
    elsewhere = other.own_name("outside")
    url = f"http://reviews.{other.namespace}:9080/reviews/0"
    assert other.send(url, n=10, from_pod=f"outsider.{elsewhere}").ok == 10
    assert one.reset().removed == ["Namespace outside"]
    assert elsewhere in one.get("ns").names
    assert other.send(url, n=10, from_pod=f"outsider.{elsewhere}").ok == 10
    assert other.reset(gateway=False).removed == [f"Namespace {elsewhere}"]


def test_rules_and_counts_of_one_are_not_the_others(one: Mesh, other: Mesh) -> None:
    other.apply(
        ["manifests/06_split_traffic/destination-rule.yaml", "manifests/06_split_traffic/reviews-all-v3.yaml"]
    )
    ruled = other.send("reviews", n=60)
    assert set(ruled.versions()) == {"v3"}
    assert set(one.send("reviews", n=60).versions()) == {"v1", "v2", "v3"}
    counted = other.wait_for_metrics(
        "sum by (destination_workload) (istio_requests_total"
        f'{{reporter="destination", destination_app="reviews", destination_service_namespace="{LEARNER}"}})',
        at_least=60,
    )
    assert counted is not None
    assert counted.by("destination_workload")["reviews-v3"] >= 60


def test_an_answer_that_names_the_studys_namespaces_is_read_as_the_learners(one: Mesh, other: Mesh) -> None:
    other.apply("manifests/13_reach_outside/partner.yaml")
    partner = other.own_name("partner")
    assert [pod["metadata"]["namespace"] for pod in other.pods(namespace=partner)] == [partner] * 2
    short = """
      apiVersion: networking.istio.io/v1
      kind: Sidecar
      metadata: {name: client}
      spec:
        workloadSelector: {labels: {app: client}}
        egress: [{hosts: [./reviews.default.svc.cluster.local, partner/api.partner.example]}]
        outboundTrafficPolicy: {mode: REGISTRY_ONLY}
    """
    other.apply(short)
    assert other.send("reviews", n=10).ok == 10
    assert other.send("details", n=10).by_status.counts == {"502": 10}
    assert one.send("details", n=10).ok == 10
    assert f"Namespace {partner}" in other.reset(gateway=False).removed
