"""The wire: who may speak, what is said to strangers and to those who speak another language."""

from __future__ import annotations

import stat
import time

import pytest
import yaml

from tests.embedded.apiserver.conftest import TOKEN, Served
from tests.embedded.apiserver.objects import config_map, deployment, pod, widget, widget_definition

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "a.b.c", "..", "ü"])
def test_without_the_token_there_is_a_401_status(served: Served, token: str) -> None:
    session = served.session("")
    session.headers["Authorization"] = f"Bearer {token}".encode()
    answer = session.get(served.api.url + PODS)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "Unauthorized"


def test_no_authorization_header_at_all(served: Served) -> None:
    session = served.session("x")
    del session.headers["Authorization"]
    assert session.get(served.api.url + "/apis").status_code == 401
    assert session.get(served.api.url + "/livez").text == "ok"


def test_the_certificate_is_for_the_lab_and_nobody_elses(served: Served) -> None:
    import requests

    with pytest.raises(requests.exceptions.SSLError):
        requests.get(served.api.url + "/livez", timeout=5)


def test_the_kubeconfig_is_its_owners_only(served: Served) -> None:
    assert stat.S_IMODE(served.kubeconfig.stat().st_mode) == 0o600
    config = yaml.safe_load(served.kubeconfig.read_text())
    assert config["current-context"] == served.context == "meshtutor-test"


def test_private_keys_are_their_owners_only(served: Served) -> None:
    files = list((served.kubeconfig.parent / "pki").iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_wrong_path_is_a_404_status(served: Served) -> None:
    for path in ("/api/v2", "/apis/nothing.io/v1/things", f"{PODS}/x/status/y", f"{PODS}/x/nosuch", "/other"):
        answer = served.call("GET", path)
        assert (answer.status_code, answer.json()["kind"]) == (404, "Status"), path


def test_a_wrong_method_is_a_405_status(served: Served) -> None:
    answer = served.call("PUT", MAPS, {})
    assert (answer.status_code, answer.json()["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize("body", ["{", "[]", "3", "\xff"])
def test_a_body_that_is_no_object_is_a_400_status(served: Served, body: str) -> None:
    session = served.http
    headers = {"Content-Type": "application/json"}
    answer = session.post(served.api.url + MAPS, data=body.encode("latin-1"), headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_yaml_is_read_too(served: Served) -> None:
    headers = {"Content-Type": "application/yaml"}
    body = yaml.safe_dump(config_map("a", x="1"))
    assert served.http.post(served.api.url + MAPS, data=body, headers=headers).status_code == 201


def test_only_json_is_spoken(served: Served) -> None:
    answer = served.call("GET", MAPS, Accept="application/vnd.kubernetes.protobuf")
    assert (answer.status_code, answer.json()["reason"]) == (406, "NotAcceptable")
    mixed = served.call("GET", MAPS, Accept="application/vnd.kubernetes.protobuf,application/json")
    assert mixed.status_code == 200
    headers = {"Content-Type": "application/xml"}
    answer = served.http.post(served.api.url + MAPS, data="<a/>", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (415, "UnsupportedMediaType")


def test_the_url_says_where_an_object_goes(served: Served) -> None:
    bare = {"data": {"a": "1"}, "metadata": {"name": "c"}}
    assert served.call("POST", MAPS, bare).json()["metadata"]["namespace"] == "default"
    other = config_map("d", "elsewhere")
    answer = served.call("POST", MAPS, other)
    assert answer.status_code == 400
    assert "does not match the namespace" in answer.json()["message"]
    wrong_kind = {**config_map("e"), "kind": "Secret"}
    assert served.call("POST", MAPS, wrong_kind).status_code == 400
    assert served.call("PUT", f"{MAPS}/c", config_map("z")).status_code == 400


def test_warnings_travel_as_headers(served: Served) -> None:
    answer = served.call(
        "POST", "/apis/apps/v1/namespaces/default/deployments", deployment("d", replicsa='a"b')
    )
    assert answer.status_code == 201
    assert answer.headers["Warning"] == '299 - "unknown field \\"spec.replicsa\\""'
    strict = served.call("POST", f"{MAPS}?fieldValidation=Strict", {**config_map("a"), "dta": {}})
    assert strict.status_code == 400
    ignored = served.call("POST", f"{MAPS}?fieldValidation=Ignore", {**config_map("a"), "dta": {}})
    assert (ignored.status_code, "Warning" in ignored.headers) == (201, False)


def test_a_dry_run_stores_nothing(served: Served) -> None:
    for method, path in (("POST", f"{MAPS}?dryRun=All"), ("GET", f"{MAPS}/a")):
        answer = served.call(method, path, config_map("a") if method == "POST" else None)
    assert answer.status_code == 404
    assert served.call("POST", f"{MAPS}?dryRun=Some", config_map("a")).status_code == 400


def test_deleting_answers_a_status_or_what_is_left(served: Served) -> None:
    served.call("POST", MAPS, config_map("a"))
    served.call("POST", PODS, pod("p", nodeName="n"))
    gone = served.call("DELETE", f"{MAPS}/a").json()
    assert (gone["kind"], gone["status"], gone["details"]["kind"]) == ("Status", "Success", "configmaps")
    left = served.call("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 9}).json()
    assert (left["kind"], left["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 9)
    assert served.call("DELETE", f"{MAPS}/a").status_code == 404


def test_a_collection_is_deleted_by_selection(served: Served) -> None:
    for name in "abc":
        obj = config_map(name)
        obj["metadata"]["labels"] = {"keep": str(name == "b").lower()}
        served.call("POST", MAPS, obj)
    answer = served.call("DELETE", f"{MAPS}?labelSelector=keep!=true").json()
    assert [o["metadata"]["name"] for o in answer["items"]] == ["a", "c"]
    left = served.call("GET", MAPS).json()["items"]
    assert [o["metadata"]["name"] for o in left] == ["b"]


def test_every_served_version_shows_the_same_object(served: Served) -> None:
    served.run(served.registry.create(widget_definition()))
    root = "/apis/example.com/{}/namespaces/default/widgets"
    assert (
        served.call("POST", root.format("v1beta1"), widget("w", "v1beta1"))
        .json()["apiVersion"]
        .endswith("v1beta1")
    )
    for version in ("v1", "v1beta1"):
        found = served.call("GET", root.format(version)).json()
        assert found["apiVersion"] == f"example.com/{version}"
        assert [o["apiVersion"] for o in found["items"]] == [f"example.com/{version}"]


def test_subresources_of_custom_kinds_by_their_paths(served: Served) -> None:
    served.run(served.registry.create(widget_definition()))
    path = "/apis/example.com/v1/namespaces/default/widgets"
    served.call("POST", path, widget("w"))
    scale = served.call("GET", f"{path}/w/scale").json()
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 3)
    scaled = served.call("PUT", f"{path}/w/scale", {**scale, "spec": {"replicas": 5}})
    assert scaled.json()["spec"]["replicas"] == 5
    assert served.call("GET", f"{path}/w").json()["spec"]["size"] == 5
    status = {**widget("w"), "status": {"ok": True}}
    assert served.call("PUT", f"{path}/w/status", status).json()["status"] == {"ok": True}


def test_an_eviction_deletes(served: Served) -> None:
    served.call("POST", PODS, pod("p"))
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p", "namespace": "default"}}
    assert served.call("POST", f"{PODS}/p/eviction", body).status_code == 201
    assert served.call("GET", f"{PODS}/p").status_code == 404


@pytest.mark.parametrize("verb", ["exec", "attach"])
def test_what_a_process_cannot_do_is_refused_with_a_sentence(served: Served, verb: str) -> None:
    served.call("POST", PODS, pod("p"))
    answer = served.call("POST", f"{PODS}/p/{verb}?command=ls")
    assert answer.status_code == 501
    assert f"{verb} is not supported" in answer.json()["message"]


def test_the_server_binds_its_address_only_and_says_who_has_it(served: Served) -> None:
    from meshtutor.embedded.apiserver.http.server import ApiServer
    from meshtutor.errors import LabError

    host, port = served.api.url.removeprefix("https://").split(":")
    second = ApiServer(served.registry, TOKEN, None)
    with pytest.raises(LabError, match=f"cannot listen on {host}:{port}"):
        served.run(second.start(host, int(port)))


def test_stopping_ends_open_watches_at_once(served: Served) -> None:
    watch = served.http.get(f"{served.api.url}{PODS}?watch=1", stream=True, timeout=20)
    began = time.monotonic()
    served.run(served.api.stop())
    assert list(watch.iter_lines()) == []
    assert time.monotonic() - began < 5
