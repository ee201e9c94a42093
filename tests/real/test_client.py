"""The small client that lessons use, on a real API server: the same verbs as on the embedded one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshtutor.errors import ApiStatusError, ConflictError, InvalidError, LabError, NotFoundError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from tests.real.apiserver import ApiServer

NAMESPACE = "client-test"


@pytest.fixture(scope="module")
def kube(server: ApiServer) -> Iterator[KubeClient]:
    kube = server.client()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    return kube


def config_map(name: str, **data: str) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": name}},
        "data": data,
    }


@pytest.mark.parametrize("user", ["admin", "certificate"])
def test_tokens_and_client_certificates_both_work(server: ApiServer, user: str) -> None:
    assert any(n["metadata"]["name"] == "default" for n in server.client(user).list(kinds.NAMESPACE))


def test_apply_says_unchanged_by_its_resource_version(kube: KubeClient) -> None:
    first = kube.apply(config_map("same", a="1"), NAMESPACE).object["metadata"]["resourceVersion"]
    assert kube.apply(config_map("same", a="1"), NAMESPACE).object["metadata"]["resourceVersion"] == first
    assert kube.apply(config_map("same", a="2"), NAMESPACE).object["metadata"]["resourceVersion"] != first


def test_apply_takes_away_what_it_no_longer_has(kube: KubeClient) -> None:
    kube.apply(config_map("less", a="1", b="2"), NAMESPACE)
    assert kube.apply(config_map("less", a="1"), NAMESPACE).object["data"] == {"a": "1"}


def test_lists_carry_kind_and_version_and_know_selectors(kube: KubeClient) -> None:
    for name in ("red", "blue"):
        kube.apply(config_map(name), NAMESPACE)
    found = kube.list(kinds.CONFIG_MAP, NAMESPACE, labels="app in (red)")
    assert [(o["apiVersion"], o["kind"], o["metadata"]["name"]) for o in found] == [
        ("v1", "ConfigMap", "red")
    ]
    by_field = kube.list(kinds.CONFIG_MAP, NAMESPACE, fields="metadata.name=blue")
    assert [o["metadata"]["name"] for o in by_field] == ["blue"]


def virtual_service(name: str, **http: object) -> dict:
    route = {"route": [{"destination": {"host": "reviews"}}], **http}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": name},
            "spec": {"hosts": ["reviews"], "http": [route]}}  # fmt: skip


def test_unknown_fields_are_left_out_with_a_warning(kube: KubeClient) -> None:
    """Server-side apply itself refuses them, whatever `fieldValidation` says."""
    written = kube.apply(virtual_service("odd", timout="3s", x=1), NAMESPACE)
    assert set(written.warnings) >= {'unknown field "spec.http[0].timout"', 'unknown field "spec.http[0].x"'}
    assert set(written.object["spec"]["http"][0]) == {"route"}


def test_unknown_fields_of_items_that_have_names_are_found(kube: KubeClient) -> None:
    spec = {
        "selector": {"matchLabels": {"app": "odd"}},
        "template": {
            "metadata": {"labels": {"app": "odd"}},
            "spec": {"containers": [{"name": "app", "image": "x", "imgae": "y"}]},
        },
    }
    odd = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "odd"}, "spec": spec}
    written = kube.apply(odd, NAMESPACE)
    assert "imgae" in written.warnings[0]
    assert written.object["spec"]["template"]["spec"]["containers"][0]["image"] == "x"


def test_other_refusals_of_server_side_apply_stay(kube: KubeClient) -> None:
    wrong = virtual_service("odd", timout="3s")
    wrong["spec"]["hosts"] = "reviews"
    with pytest.raises(ApiStatusError, match=r"expected list"):
        kube.apply(wrong, NAMESPACE)


def test_a_wrong_type_is_refused_by_its_path(kube: KubeClient) -> None:
    rule = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "bad"},
            "spec": {"hosts": "reviews"}}  # fmt: skip
    with pytest.raises(ApiStatusError, match=r"spec\.hosts"):
        kube.apply(rule, NAMESPACE)


def test_a_missing_field_is_422_with_its_cause(kube: KubeClient) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "none"},
        "spec": {"ports": [{"port": 99999}]},
    }
    with pytest.raises(InvalidError) as caught:
        kube.apply(service, NAMESPACE)
    assert any(cause["field"] == "spec.ports[0].port" for cause in caught.value.status["details"]["causes"])


def test_a_stale_write_is_a_conflict(kube: KubeClient) -> None:
    old = kube.apply(config_map("race", a="1"), NAMESPACE).object
    kube.apply(config_map("race", a="2"), NAMESPACE)
    with pytest.raises(ConflictError):
        kube.replace({**old, "data": {"a": "3"}})


def test_merge_and_delete(kube: KubeClient) -> None:
    kube.apply(config_map("gone", a="1", b="2"), NAMESPACE)
    assert kube.merge(kinds.CONFIG_MAP, "gone", NAMESPACE, {"data": {"a": None}})["data"] == {"b": "2"}
    kube.delete(kinds.CONFIG_MAP, "gone", NAMESPACE)
    with pytest.raises(NotFoundError):
        kube.get(kinds.CONFIG_MAP, "gone", NAMESPACE)


def test_kinds_that_are_not_in_the_table_are_discovered(kube: KubeClient) -> None:
    kind = kube.kind_of({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"})
    assert (kind.plural, kind.namespaced) == ("horizontalpodautoscalers", True)
    with pytest.raises(NotFoundError, match="knows no kind 'VirtualServise'"):
        kube.kind_of({"apiVersion": "networking.istio.io/v1", "kind": "VirtualServise"})


def test_the_table_of_kinds_is_what_the_server_serves(kube: KubeClient) -> None:
    """Group, version, plural, namespaced and short names of every kind that this project names."""
    for kind in kinds.ALL:
        for version in kind.versions:
            path = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
            served = {r["name"]: r for r in kube.request("GET", path).json()["resources"]}
            assert kind.plural in served, f"{kind.kind} {version}"
            found = served[kind.plural]
            assert (found["kind"], found["namespaced"]) == (kind.kind, kind.namespaced)
            assert set(kind.short_names) <= set(found.get("shortNames", ())), kind.kind


def test_the_revision_grows_with_every_change(kube: KubeClient) -> None:
    before = int(kube.revision())
    kube.apply(config_map("tick", at=str(before)), NAMESPACE)
    assert int(kube.revision()) > before


def test_nobody_there_is_a_sentence(server: ApiServer) -> None:
    with pytest.raises(LabError, match="does not answer"):
        server.client("nowhere").list(kinds.NAMESPACE)
