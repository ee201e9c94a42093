"""From where a request goes, and what comes back."""

from __future__ import annotations

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.mesh import Mesh
from tests.support.kubernetes import FakeProvider, pod, service
from tests.support.servers import serving
from tests.traffic.test_incluster import answer_jobs
from tests.traffic.test_sender import app


@pytest.fixture(autouse=True)
def study(kubernetes):
    for name in ("reviews", "ratings"):
        kubernetes.put(service(name))
    kubernetes.put(pod("client-1-x", "client"))
    kubernetes.put(pod("ratings-v1-1-x", "ratings"))


def test_a_service_is_asked_as_the_client_pod_through_its_sidecar(mesh, provider):
    with serving(lambda asked: app()) as sidecar:
        provider.proxy = sidecar.url
        report = mesh.send("reviews", n=12)
    assert (report.n, report.ok, report.sender) == (12, 12, "client-1-x")
    assert {asked.target for asked in sidecar.asked} == {"http://reviews:9080/reviews/0"}


def test_another_pod_is_found_by_its_app(mesh, provider):
    with serving(lambda asked: app()) as sidecar:
        provider.proxy = sidecar.url
        report = mesh.send("http://reviews:9080/health", n=1, from_pod="ratings")
    assert report.sender == "ratings-v1-1-x"


def test_the_gateway_is_asked_from_outside(kubernetes, tmp_path):
    with serving(lambda asked: app()) as gateway:
        mesh = Mesh(FakeProvider(kubernetes, tmp_path, gateway.url + "/"))
        report = mesh.send(mesh.gateway + "/productpage", n=3, headers={"Host": "bookinfo.example"})
        mesh.close()
    assert report.sender == "outside"
    assert gateway.asked[0].target == "/productpage"
    assert gateway.asked[0].headers["host"] == "bookinfo.example"


def test_where_no_sidecar_can_be_reached_the_pod_itself_is_asked_to_send(mesh, kubernetes):
    kubernetes.proxied = answer_jobs
    report = mesh.send("reviews", n=10)
    assert (report.ok, report.sender) == (5, "client-1-x")


def test_an_unknown_service_is_answered_with_those_there_are(mesh):
    with pytest.raises(MeshtutorError, match="No Service 'reviws' in namespace default") as caught:
        mesh.send("reviws")
    assert "ratings, reviews" in caught.value.hint


def test_an_unknown_pod_is_answered_with_the_apps_there_are(mesh):
    with pytest.raises(
        MeshtutorError, match="No pod 'nobody' in namespace default; apps there: client, ratings"
    ):
        mesh.send("reviews", from_pod="nobody")


def test_a_pod_in_another_namespace_is_named_with_it(mesh, provider, kubernetes):
    outsider = pod("outsider", "outsider", sidecar=False)
    outsider["metadata"]["namespace"] = "outside"
    kubernetes.put(outsider)
    with serving(lambda asked: app()) as sidecar:
        provider.proxy = sidecar.url
        assert mesh.send("reviews", n=1, from_pod="outsider.outside").sender == "outsider"
    with pytest.raises(MeshtutorError, match="No pod 'outsider' in namespace default") as caught:
        mesh.send("reviews", n=1, from_pod="outsider")
    assert caught.value.hint == 'Did you mean "outsider.outside"?'


def test_one_background_load_per_mesh(mesh, provider):
    with serving(lambda asked: app()) as sidecar:
        provider.proxy = sidecar.url
        first = mesh.load("reviews", rate=50, seconds=20)
        second = mesh.load("ratings", rate=50, seconds=20)
        assert first.closed
        assert second.running
        mesh.close()
        assert not second.running


def test_pods_and_services_read_like_kubectl(mesh):
    assert mesh.pods("app=client").names == ["client-1-x"]
    assert repr(mesh.pods()).splitlines()[0].split() == [
        "NAME",
        "READY",
        "STATUS",
        "RESTARTS",
        "VERSION",
        "IP",
        "NODE",
    ]
    assert "2/2" in repr(mesh.pods())
    assert "<table" in mesh.services()._repr_html_()
    assert repr(mesh.pods("app=nobody")) == "no pods in default"
