"""Discovery in its three forms, and OpenAPI documents that hold together."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.http.discovery import version_rank
from meshtutor.kube.kinds import BUILT_IN
from tests.embedded.apiserver.conftest import Served
from tests.embedded.apiserver.objects import widget_definition

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


def listed(served: Served) -> dict[tuple[str, str], Any]:
    """Every resource of the legacy documents, by group-version and name."""
    groups = served.call("GET", "/apis").json()["groups"]
    paths = ["/api/v1"] + [f"/apis/{v['groupVersion']}" for g in groups for v in g["versions"]]
    documents = [served.call("GET", path).json() for path in paths]
    return {(d["groupVersion"], r["name"]): r for d in documents for r in d["resources"]}


def test_every_kind_is_listed_with_its_subresources(served: Served) -> None:
    found = listed(served)
    for kind in BUILT_IN:
        entry = found[kind.api_version, kind.plural]
        assert (entry["kind"], entry["namespaced"]) == (kind.kind, kind.namespaced)
        assert tuple(entry.get("shortNames", ())) == kind.short_names
        for name in kind.subresources:
            assert (kind.api_version, f"{kind.plural}/{name}") in found
    assert found["apps/v1", "deployments/scale"]["kind"] == "Scale"


def test_the_aggregated_documents_say_the_same(served: Served) -> None:
    legacy = {name for name in listed(served) if "/" not in name[1]}
    seen = set()
    for path in ("/api", "/apis"):
        answer = served.call("GET", path, Accept=AGGREGATED)
        assert answer.headers["Content-Type"].endswith("v=v2;as=APIGroupDiscoveryList")
        for group in answer.json()["items"]:
            for version in group["versions"]:
                name = "/".join(filter(None, (group["metadata"].get("name"), version["version"])))
                seen |= {(name, resource["resource"]) for resource in version["resources"]}
    assert seen == legacy


def test_a_custom_kind_appears_and_disappears_at_once(served: Served) -> None:
    from meshtutor.kube.kinds import CRD

    assert served.call("GET", "/apis/example.com").status_code == 404
    served.run(served.registry.create(widget_definition()))
    group = served.call("GET", "/apis/example.com").json()
    assert group["preferredVersion"]["version"] == "v1"
    assert [v["version"] for v in group["versions"]] == ["v1", "v1beta1"]
    served.run(served.registry.delete(CRD, "widgets.example.com"))
    assert served.call("GET", "/apis/example.com").status_code == 404


def test_versions_are_in_kubernetes_order() -> None:
    versions = ["v1alpha3", "v2", "v1beta1", "v1", "v1beta2", "odd"]
    assert sorted(versions, key=version_rank, reverse=True) == [
        "v2",
        "v1",
        "v1beta2",
        "v1beta1",
        "v1alpha3",
        "odd",
    ]


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"].rpartition("/")[2]} if "$ref" in node else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize(
    "path", ["api/v1", "apis/apps/v1", "apis/apiextensions.k8s.io/v1", "apis/example.com/v1beta1"]
)
def test_openapi_documents_refer_to_what_is_there(served: Served, path: str) -> None:
    served.run(served.registry.create(widget_definition()))
    index = served.call("GET", "/openapi/v3").json()["paths"]
    answer = served.call("GET", index[path]["serverRelativeURL"])
    assert "immutable" in answer.headers["Cache-Control"]
    document = answer.json()
    schemas = document["components"]["schemas"]
    assert references(document) <= set(schemas)
    patches = [operations["patch"] for operations in document["paths"].values() if "patch" in operations]
    assert patches
    for patch in patches:
        assert "fieldValidation" in {parameter["name"] for parameter in patch["parameters"]}
        about = patch["x-kubernetes-group-version-kind"]
        assert any(about in schema.get("x-kubernetes-group-version-kind", ()) for schema in schemas.values())


def test_the_hash_of_a_document_changes_with_its_definition(served: Served) -> None:
    def url() -> str:
        return str(
            served.call("GET", "/openapi/v3").json()["paths"]["apis/example.com/v1"]["serverRelativeURL"]
        )

    made = served.run(served.registry.create(widget_definition()))
    before = url()
    assert url() == before
    spec = {**made["spec"], "versions": [{**v} for v in made["spec"]["versions"]]}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "description": "Changed."}}}
    spec["versions"][0]["schema"] = {"openAPIV3Schema": schema}
    served.run(served.registry.update({**made, "spec": spec}))
    assert url() != before
    assert "Changed." in served.call("GET", url()).text


def test_version_and_health(served: Served) -> None:
    assert served.call("GET", "/version").json()["gitVersion"].startswith("v1.35.")
    for path in ("/livez", "/readyz", "/healthz", "/readyz/ping"):
        assert served.call("GET", path).text == "ok"
