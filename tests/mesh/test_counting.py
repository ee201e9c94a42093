"""Counting by the servers' sidecars: copies that are under way belong to the requests before, not to those after."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.config import study
from meshtutor.errors import NotFoundError
from meshtutor.kube import kinds
from meshtutor.mesh.counting import counting

MANIFESTS = study() / "manifests"


@pytest.fixture
def mesh(lab):
    with mt.connect() as mesh:
        mesh.reset()
        mesh.apply(MANIFESTS / "06_split_traffic" / "destination-rule.yaml")
        mesh.apply(MANIFESTS / "12_mirror_traffic" / "reviews-mirror-v3.yaml")
        mesh.disturb("reviews-v3", delay_ms=300)
        yield mesh
        mesh.reset()


def test_what_was_sent_before_is_not_counted_and_what_is_sent_within_is_counted_whole(mesh):
    for n in (40, 60):  # copies of 40 are still under way when the next block begins
        mesh.send("reviews", n=50)
        with mesh.counting("reviews") as counted:
            mesh.send("reviews", n=n)
        assert counted.versions.counts == {"v1": n, "v3": n}
        assert counted.copies("v1", "v3").counts == {"copied": n, "not copied": 0}


def test_nothing_sent_is_nothing_counted(mesh):
    mesh.send("reviews", n=50)
    with mesh.counting("reviews") as counted:
        pass
    assert not counted.versions.n
    assert not counted.sent.n
    assert not counted.failed


COUNTER = (
    'istio_requests_total{reporter="destination",response_code="%s",destination_version="%s",'
    'destination_service_name="reviews",destination_service_namespace="x",source_workload="client"} %d\n'
)
AT_REST = 'envoy_cluster_upstream_rq_active{cluster_name="inbound|9080||"} 0\n'


class Kube:
    """A cluster of pods whose metrics pages a test writes."""

    def __init__(self, **pages: str) -> None:
        self.pages = pages

    def get(self, kind, name, namespace):
        raise NotFoundError({"code": 404})

    def list(self, kind, namespace):
        assert (kind, namespace) == (kinds.POD, "x")
        marks = {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "15020",
            "prometheus.io/path": "/metrics",
        }
        return [{"metadata": {"name": name, "namespace": "x", "annotations": marks}} for name in self.pages]

    def request(self, method, path, params):
        name = path.split("/pods/")[1].split(":")[0]
        return type("Response", (), {"text": self.pages[name] + AT_REST})


def test_errors_are_counted_by_version_and_a_pod_that_ended_is_named():
    kube = Kube(v1=COUNTER % (200, "v1", 5), v2=COUNTER % (200, "v2", 7), old=COUNTER % (200, "v1", 9))
    with counting(kube, "reviews", "x") as counted:
        kube.pages = {
            "v1": COUNTER % (200, "v1", 8) + COUNTER % (503, "v1", 2),
            "v2": COUNTER % (200, "v2", 7),
        }
    assert counted.versions.counts == {"v1": 5}
    assert counted.failed == {"v1": 2}
    assert counted.callers.counts == {"client": 5}
    assert counted.lost == ("old",)
    assert "old ended" in repr(counted)
