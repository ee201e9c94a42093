"""`up --on context` against a real API server."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshtutor.errors import LabError, MeshtutorError, NotFoundError, NotReadyError
from meshtutor.kube import kinds
from meshtutor.mesh import Mesh
from meshtutor.providers import records, resolve, waits
from meshtutor.providers.context import istio, ownership, rights
from meshtutor.providers.context import up as context
from meshtutor.providers.context.entrance import GatewayIsOwn
from meshtutor.providers.context.provider import ClusterProvider
from meshtutor.providers.records import Record
from tests.real.apiserver import ApiServer
from tests.real.caretaker import Caretaker
from tests.real.conftest import REPOSITORY


@pytest.fixture(autouse=True)
def home(tmp_path: Path, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own, and the test server's kubeconfig as the user's."""
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))


@pytest.fixture
def gateway(server: ApiServer) -> Iterator[str]:
    """Something that answers 200, at the address that the gateway's Service names as its load balancer."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    kube = server.client()
    service = kube.get(kinds.SERVICE, "istio-ingressgateway", "istio-system")
    before = [dict(port) for port in service["spec"]["ports"]]
    for port in service["spec"]["ports"]:
        if port["name"] == "http2":
            port["port"] = page.server_port
    service["spec"]["type"] = "LoadBalancer"
    service = kube.replace(service).object
    service["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    kube.request("PUT", kinds.SERVICE.path("istio-ingressgateway", "istio-system", "status"), body=service)
    yield f"http://127.0.0.1:{page.server_port}"
    service = kube.get(kinds.SERVICE, "istio-ingressgateway", "istio-system")
    service["spec"]["ports"] = before
    kube.replace(service)
    page.shutdown()
    page.server_close()


def bring_up(namespace: str, user: str = "admin", heard: list[dict[str, Any]] | None = None) -> Record:
    said = heard.append if heard is not None else lambda _: None
    return context.up(context.new_record("default", user, namespace), said)


@pytest.mark.parametrize("user", ["admin", "certificate"])
def test_up_makes_a_namespace_with_the_application_and_down_removes_it(
    server: ApiServer, caretaker: Caretaker, gateway: str, user: str
) -> None:
    namespace = f"student-{user}"
    record = bring_up(namespace, user)
    kube = server.client()
    found = kube.get(kinds.NAMESPACE, namespace)["metadata"]["labels"]
    assert found[ownership.LABEL] == "meshtutor"
    assert found["istio-injection"] == "enabled"
    deployments = {d["metadata"]["name"]: d for d in kube.list(kinds.DEPLOYMENT, namespace)}
    assert {"productpage-v1", "reviews-v1", "reviews-v2", "reviews-v3", "client"} <= deployments.keys()
    assert all(ownership.is_ours(d) for d in deployments.values())
    assert record.gateway == gateway

    provider = resolve.resolve("default", start=False)
    info = provider.info()
    assert (info.provider, info.context, info.gateway) == ("context", user, gateway)
    assert info.why == "the last `meshtutor up --on context`"
    assert provider.namespace == namespace

    assert context.down(record, lambda _: None) == [f"namespace {namespace}"]
    with pytest.raises(NotFoundError):
        kube.get(kinds.NAMESPACE, namespace)
    assert records.names() == []


def test_a_second_up_changes_nothing(server: ApiServer, caretaker: Caretaker, gateway: str) -> None:
    record = bring_up("student-twice")
    before = server.client().list(kinds.DEPLOYMENT, "student-twice")
    heard: list[dict[str, Any]] = []
    bring_up("student-twice", heard=heard)
    assert all(said["done_before"] for said in heard if "part" in said)
    after = server.client().list(kinds.DEPLOYMENT, "student-twice")
    assert [d["metadata"]["generation"] for d in before] == [d["metadata"]["generation"] for d in after]
    context.down(record, lambda _: None)


def test_applying_the_study_again_keeps_our_label(
    server: ApiServer, caretaker: Caretaker, gateway: str
) -> None:
    from meshtutor.config import study
    from meshtutor.kube import manifests

    record, kube = bring_up("student-label"), server.client()
    for obj in manifests.load(study() / "manifests" / "bookinfo"):
        kube.apply(obj, "student-label")
    assert all(map(ownership.is_ours, ownership.contents(kube, "student-label")))
    labels = kube.get(kinds.DEPLOYMENT, "reviews-v1", "student-label")["metadata"]["labels"]
    assert labels[ownership.LABEL] == "meshtutor"
    context.down(record, lambda _: None)


def test_a_lessons_reset_leaves_what_up_made(server: ApiServer, caretaker: Caretaker, gateway: str) -> None:
    """The learner's own gateway and our labels stay; a rule of the lesson goes."""
    record, kube = bring_up("student-reset"), server.client()
    other = context.up(context.new_record("other", "admin", "student-beside"), lambda _: None)
    GatewayIsOwn(kube, Record("x", "context", "admin", "student-reset")).run()
    with Mesh(resolve.resolve("default", start=False)) as mesh:
        mesh.apply(REPOSITORY / "manifests" / "06_split_traffic" / "destination-rule.yaml", timeout=1)
        mesh.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lesson"}}, timeout=1)
        done = mesh.reset(timeout=30)
    assert {"DestinationRule student-reset/reviews", "Namespace lesson"} <= set(done.removed)
    assert kube.list(kinds.DEPLOYMENT, "student-beside"), "a reset took another learner's namespace along"
    context.down(other, lambda _: None)
    names = {d["metadata"]["name"] for d in kube.list(kinds.DEPLOYMENT, "student-reset")}
    assert {"istio-ingressgateway", "reviews-v1"} <= names
    assert all(map(ownership.is_ours, ownership.contents(kube, "student-reset")))
    context.down(record, lambda _: None)


def test_two_learners_share_a_cluster(server: ApiServer, caretaker: Caretaker, gateway: str) -> None:
    one = context.up(context.new_record("one", "admin", "student-01"), lambda _: None)
    two = context.up(context.new_record("two", "admin", "student-02"), lambda _: None)
    context.down(one, lambda _: None)
    assert server.client().list(kinds.DEPLOYMENT, "student-02")
    context.down(two, lambda _: None)


def test_a_learner_without_rights_is_told_each_one(server: ApiServer) -> None:
    with pytest.raises(LabError) as caught:
        bring_up("student-07", "learner")
    assert "get, list, create, patch, delete of deployments.apps, pods, services" in caught.value.message
    assert "virtualservices.networking.istio.io, destinationrules" in caught.value.message
    assert "get of services/proxy in istio-system (Prometheus" in caught.value.message
    role = "kubectl -n student-07 create role meshtutor-student-07-application --verb=get,list"
    assert role in caught.value.hint
    assert "secrets" not in caught.value.message, "what lessons go on without is proposed, but not asked for"
    assert "secrets" in caught.value.hint
    assert records.names() == []


def test_an_admin_lacks_no_right(server: ApiServer) -> None:
    wanted = rights.needed("anything", "istio-system", create_namespace=True)
    assert rights.missing(server.client(), wanted) == []
    assert len(rights.missing(server.client("learner"), wanted)) == len(wanted)


def test_a_namespace_in_use_is_not_touched(server: ApiServer) -> None:
    kube = server.client()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
    kube.request("POST", kinds.CONFIG_MAP.path(namespace="prod"), params={"fieldManager": "somebody"},
                 body={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "precious"}})  # fmt: skip
    with pytest.raises(LabError, match="ConfigMap precious; lessons reset their namespace"):
        bring_up("prod")
    assert len(kube.list(kinds.DEPLOYMENT, "prod")) == 0


def test_a_namespace_that_the_teacher_made_is_used_and_left(
    server: ApiServer, caretaker: Caretaker, gateway: str
) -> None:
    kube = server.client()
    kube.request("POST", kinds.NAMESPACE.path(), body={"apiVersion": "v1", "kind": "Namespace",
                                                       "metadata": {"name": "given"}})  # fmt: skip
    with pytest.raises(LabError, match="no injection label") as caught:
        bring_up("given")
    assert "label namespace given istio-injection=enabled" in caught.value.hint
    kube.merge(kinds.NAMESPACE, "given", "", {"metadata": {"labels": {"istio-injection": "enabled"}}})
    record = bring_up("given")
    removed = context.down(record, lambda _: None)
    assert "Deployment given/reviews-v1" in removed
    assert kube.get(kinds.NAMESPACE, "given")
    assert ownership.contents(kube, "given") == []


def test_a_pod_that_cannot_start_is_named_then_up_goes_on(
    server: ApiServer, caretaker: Caretaker, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        waits.wait_ready, "__kwdefaults__", {**waits.wait_ready.__kwdefaults__, "patience": 0.2}
    )
    caretaker.broken["reviews-v3"] = ("ImagePullBackOff", "toomanyrequests: pull rate limit")
    with pytest.raises(NotReadyError) as caught:
        bring_up("student-slow")
    assert "reviews-v3" in caught.value.message
    assert "docker login" in caught.value.hint
    state = dict(context.state(records.load("default")))
    assert state["the application and its gateway"]
    assert not state["pods of the application"]
    caretaker.broken.clear()
    context.down(bring_up("student-slow"), lambda _: None)


@pytest.mark.parametrize(
    ("user", "sentence", "next_step"),
    [
        ("nowhere", "does not answer", "cluster-info"),
        ("stranger", "does not let this user in", "auth whoami"),
    ],
)
def test_a_cluster_that_does_not_answer(server: ApiServer, user: str, sentence: str, next_step: str) -> None:
    with pytest.raises(MeshtutorError) as caught:
        bring_up("student-07", user)
    assert sentence in caught.value.message
    assert next_step in caught.value.hint
    assert records.names() == []


def test_which_context_must_be_said(server: ApiServer) -> None:
    with pytest.raises(LabError) as caught:
        context.new_record("default", "")
    assert "admin" in caught.value.hint
    with pytest.raises(LabError, match="No kubeconfig context 'typo'"):
        context.up(context.new_record("default", "typo"), lambda _: None)


def test_istio_that_is_too_old_or_absent(server: ApiServer) -> None:
    kube = server.client()
    istiod = kube.get(kinds.DEPLOYMENT, "istiod", "istio-system")
    container = istiod["spec"]["template"]["spec"]["containers"][0]
    image = container["image"]
    labels = istiod["metadata"]["labels"]
    try:
        changed = {
            **istiod,
            "metadata": {**istiod["metadata"], "labels": {"app": "istiod", "istio.io/rev": "default"}},
        }
        container["image"] = "docker.io/istio/pilot:1.17.8"
        kube.replace(changed)
        with pytest.raises(LabError, match=r"Istio 1\.17\.8; 1\.24 or newer"):
            istio.find(kube)
        kube.merge(kinds.DEPLOYMENT, "istiod", "istio-system", {"metadata": {"labels": {"app": "gone"}}})
        with pytest.raises(LabError, match="Istio is not installed"):
            istio.find(kube)
    finally:
        patch = {
            "metadata": {"labels": labels},
            "spec": {"template": {"spec": {"containers": [{**container, "image": image}]}}},
        }
        kube.merge(kinds.DEPLOYMENT, "istiod", "istio-system", patch)


def test_without_a_port_forward_the_distribution_says_so(
    server: ApiServer, caretaker: Caretaker, gateway: str
) -> None:
    """The API server is real, but there is no kubelet to forward anything."""
    record = bring_up("student-honest")
    answer = ClusterProvider(record).wait_until_distributed("1", timeout=2)
    assert not answer.complete
    assert "could not be learned" in answer.note
    context.down(record, lambda _: None)
