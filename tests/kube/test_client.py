"""The thin client, over HTTP."""

from __future__ import annotations

import base64
import json

import pytest
import yaml

from meshtutor.errors import (
    ApiStatusError,
    ConflictError,
    InvalidError,
    LabError,
    NotFoundError,
    NotReadyError,
)
from meshtutor.kube import kubeconfig
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import POD, VIRTUAL_SERVICE
from tests.support.kubernetes import FakeKubernetes, pod, refusal
from tests.support.servers import Answer, serving

RULE = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "reviews"},
    "spec": {},
}


@pytest.fixture
def kubernetes():
    fake = FakeKubernetes()
    yield fake
    fake.server.close()


@pytest.fixture
def client(kubernetes, tmp_path) -> KubeClient:
    return KubeClient.from_kubeconfig(kubernetes.kubeconfig(tmp_path))


def test_apply_is_server_side_as_meshtutor_and_takes_fields_over(kubernetes, client):
    written = client.apply({**RULE, "apiVersion": "networking.istio.io/v1beta1"})
    asked = kubernetes.server.asked[-1]
    assert asked.method == "PATCH"
    assert asked.target.startswith(
        "/apis/networking.istio.io/v1beta1/namespaces/default/virtualservices/reviews?"
    )
    assert "fieldManager=meshtutor" in asked.target
    assert "force=true" in asked.target
    assert asked.headers["content-type"] == "application/apply-patch+yaml"
    assert written.object["metadata"]["resourceVersion"]


def test_warnings_of_the_api_server_are_kept(kubernetes, client):
    kubernetes.warn = lambda obj: ['unknown field \\"spec.htpp\\"']
    assert client.apply(RULE).warnings == ('unknown field "spec.htpp"',)


def test_listed_objects_can_be_applied_again(kubernetes, client):
    kubernetes.put(pod("reviews-v1-a-b", "reviews"))
    kubernetes.put(pod("ratings-v1-a-b", "ratings"))
    (found,) = client.list(POD, "default", labels="app=reviews")
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == ("v1", "Pod", "reviews-v1-a-b")


@pytest.mark.parametrize(
    ("code", "error"),
    [(404, NotFoundError), (409, ConflictError), (422, InvalidError), (403, ApiStatusError)],
)
def test_refusals_are_our_errors_with_the_api_servers_words(kubernetes, client, code, error):
    kubernetes.refuse = lambda obj: {**refusal("spec", "no good"), "code": code}
    with pytest.raises(error, match="no good") as caught:
        client.apply(RULE)
    assert caught.value.code == code


def test_a_proxied_service_that_fails_is_quoted(kubernetes, client):
    kubernetes.proxied = lambda asked: Answer(502, b"bad gateway, says the pod")
    with pytest.raises(ApiStatusError, match="HTTP 502: bad gateway, says the pod"):
        client.request("GET", "/api/v1/namespaces/default/pods/x:9080/proxy/")


def test_nobody_listening_says_what_to_do(tmp_path, kubernetes):
    client = KubeClient.from_kubeconfig(kubernetes.kubeconfig(tmp_path))
    kubernetes.server.close()
    with pytest.raises(LabError, match="does not answer") as caught:
        client.get(POD, "x", "default")
    assert "meshtutor up" in caught.value.hint


def test_no_answer_in_time_is_told_with_the_time(tmp_path):
    import threading

    gate = threading.Event()
    with serving(lambda asked: gate.wait(5) and None) as server:
        client = KubeClient(kubeconfig.Endpoint(server.url, kubeconfig._session()))
        with pytest.raises(NotReadyError, match=r"not answered within 0\.1 s"):
            client.request("GET", "/api/v1/pods", timeout=0.1)
        gate.set()


def test_an_unknown_kind_is_answered_with_what_was_meant(client):
    with pytest.raises(NotFoundError, match="'VirtualServce'") as caught:
        client.apply({**RULE, "kind": "VirtualServce"})
    assert caught.value.hint == "Did you mean kind: VirtualService?"
    with pytest.raises(NotFoundError) as caught:
        client.apply({**RULE, "apiVersion": "networking.istio.io/v7"})
    assert caught.value.hint == "VirtualService has apiVersion: networking.istio.io/v1"


def test_the_revision_is_the_stores(kubernetes, client):
    kubernetes.put(pod("a-b-c", "a"))
    assert client.revision() == str(kubernetes.revision)


def test_a_deletion_takes_what_is_owned_along_in_the_background(kubernetes, client):
    kubernetes.put(RULE)
    client.delete(VIRTUAL_SERVICE, "reviews", "default")
    assert b'"propagationPolicy": "Background"' in kubernetes.server.asked[-1].body
    with pytest.raises(NotFoundError):
        client.delete(VIRTUAL_SERVICE, "reviews", "default")


# --- kubeconfig


def write(tmp_path, **changes):
    config = {
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "student-07"}}],
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443/"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        **changes,
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    return path


def test_the_current_context_its_server_namespace_and_token(tmp_path):
    endpoint = kubeconfig.load(write(tmp_path))
    assert (endpoint.server, endpoint.namespace) == ("https://127.0.0.1:6443", "student-07")
    assert endpoint.session.headers["Authorization"] == "Bearer t"


def test_a_companys_proxy_is_not_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert kubeconfig.load(write(tmp_path)).session.trust_env is False


def test_a_missing_file_or_context_is_named(tmp_path):
    with pytest.raises(LabError, match="No kubeconfig at"):
        kubeconfig.load(tmp_path / "nowhere")
    with pytest.raises(LabError, match="no context 'two'; it has: one"):
        kubeconfig.load(write(tmp_path), "two")


def test_client_certificates_are_left_to_the_official_loader(tmp_path):
    """As in k3d's kubeconfig: no token, but a certificate and key as data."""
    data = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
    users = [{"name": "u", "user": {"client-certificate-data": data, "client-key-data": data}}]
    endpoint = kubeconfig.load(write(tmp_path, users=users))
    certificate, key = endpoint.session.cert
    assert certificate
    assert key
    assert "Authorization" not in endpoint.session.headers


def test_an_exec_plugin_is_asked_for_its_token(tmp_path):
    version = "client.authentication.k8s.io/v1"
    credential = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": {"token": "fresh"}})
    plugin = {"apiVersion": version, "command": "echo", "args": [credential], "interactiveMode": "Never"}
    endpoint = kubeconfig.load(write(tmp_path, users=[{"name": "u", "user": {"exec": plugin}}]))
    with serving(lambda asked: Answer(200, b"{}")) as server:
        endpoint.session.get(server.url)
    assert server.asked[0].headers["authorization"] == "Bearer fresh"
