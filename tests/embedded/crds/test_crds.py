"""The definitions of Istio's kinds: complete, structural, and readable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from meshtutor.embedded.crds import crd, crds
from meshtutor.embedded.crds.definitions import spec_type, types
from meshtutor.embedded.crds.notation import FieldType
from meshtutor.kube import kinds


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from fields(inner, f"{path}.{name}" if path else name)
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(keyword), dict):
            yield from fields(schema[keyword], path + mark)


def schema_of(kind: kinds.Kind) -> dict[str, dict[str, Any]]:
    return dict(fields(crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))


def test_every_kind_has_a_definition_under_its_name_in_the_api():
    assert [c["metadata"]["name"] for c in crds()] == [k.resource for k in kinds.ISTIO + kinds.GATEWAY_API]


def test_one_version_is_stored_and_all_are_served():
    for definition in crds():
        versions = definition["spec"]["versions"]
        assert sum(v["storage"] for v in versions) == 1
        assert all(v["served"] for v in versions)
        if definition["spec"]["names"]["kind"] != "ReferenceGrant":  # the only one that nobody answers
            assert all(v["subresources"] == {"status": {}} for v in versions)
    served = [v["name"] for v in crd(kinds.VIRTUAL_SERVICE)["spec"]["versions"]]
    assert sorted(served) == ["v1", "v1alpha3", "v1beta1"]


def test_istiod_finds_the_bundles_version_on_the_gateway_apis_kinds():
    for kind in kinds.GATEWAY_API:
        notes = crd(kind)["metadata"]["annotations"]
        assert notes["gateway.networking.k8s.io/bundle-version"] == "v1.5.1", kind


def test_kubectl_prints_istios_columns():
    columns = crd(kinds.VIRTUAL_SERVICE)["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [c["name"] for c in columns] == ["Gateways", "Hosts", "Age"]


def test_schemas_are_structural_each_field_has_a_type_and_a_sentence():
    for kind in kinds.ISTIO + kinds.GATEWAY_API:
        for path, schema in schema_of(kind).items():
            assert schema.get("type") or schema.get("x-kubernetes-int-or-string"), (kind.kind, path)
            if path and not path.endswith(("[]", "{}")):
                assert schema["description"].endswith((".", "status")), (kind.kind, path)


def test_every_named_type_is_used():
    used: set[str] = set()

    def visit(type_: FieldType | None) -> None:
        while type_ is not None:
            used.add(type_.form)
            type_ = type_.item

    for object_type in [*types().values(), *(spec_type(kind) for kind in kinds.ISTIO + kinds.GATEWAY_API)]:
        for field in object_type.fields.values():
            visit(field.type)
    assert set(types()) - used == {"Status", "GatewayApiStatus", "GatewayStatus", "RouteStatus"}


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        (kinds.VIRTUAL_SERVICE, "spec.http[].route[].weight", {"type": "integer", "format": "int32"}),
        (kinds.VIRTUAL_SERVICE, "spec.http[].match[].uri.regex", {"type": "string"}),
        (kinds.VIRTUAL_SERVICE, "spec.http[].match[].headers{}.exact", {"type": "string"}),
        (kinds.VIRTUAL_SERVICE, "spec.http[].retries.retryRemoteLocalities", {"type": "boolean", "nullable": True}),
        (kinds.DESTINATION_RULE, "spec.subsets[].trafficPolicy.portLevelSettings[].tls.mode",
         {"enum": ["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]}),
        (kinds.DESTINATION_RULE, "spec.trafficPolicy.loadBalancer.warmup.minimumPercent",
         {"type": "number", "minimum": 0, "maximum": 100}),
        (kinds.GATEWAY, "spec.servers[].port.number", {"type": "integer", "minimum": 0, "maximum": 4294967295}),
        (kinds.SERVICE_ENTRY, "spec.hosts", {"type": "array", "minItems": 1, "maxItems": 256}),
        (kinds.PEER_AUTHENTICATION, "spec.portLevelMtls{}.mode", {"type": "string"}),
        (kinds.AUTHORIZATION_POLICY, "spec.rules[].from[].source.notServiceAccounts[]", {"maxLength": 320}),
        (kinds.TELEMETRY, "spec.tracing[].customTags{}.literal.value", {"minLength": 1}),
        (kinds.ENVOY_FILTER, "spec.configPatches[].patch.value", {"x-kubernetes-preserve-unknown-fields": True}),
        (kinds.HTTP_ROUTE, "spec.rules[].backendRefs[].weight",
         {"type": "integer", "default": 1, "minimum": 0, "maximum": 1000000}),
        (kinds.HTTP_ROUTE, "spec.rules[].matches[].path", {"default": {"type": "PathPrefix", "value": "/"}}),
        (kinds.HTTP_ROUTE, "spec.rules[].filters[].requestRedirect.statusCode",
         {"type": "integer", "default": 302, "enum": [301, 302, 303, 307, 308]}),
        (kinds.KUBERNETES_GATEWAY, "spec.listeners",
         {"minItems": 1, "maxItems": 64, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}),
        (kinds.KUBERNETES_GATEWAY, "spec.listeners[].allowedRoutes", {"default": {"namespaces": {"from": "Same"}}}),
    ],
)  # fmt: skip
def test_a_field_deep_in_a_kind_has_istios_type(kind, path, expected):
    found = schema_of(kind)[path]
    assert {key: found.get(key) for key in expected} == expected


def test_required_fields_are_istios():
    required = {
        path: schema["required"]
        for path, schema in schema_of(kinds.VIRTUAL_SERVICE).items()
        if "required" in schema
    }
    assert required["spec.http[].route[]"] == ["destination"]
    assert required["spec.http[].route[].destination"] == ["host"]
    assert required["spec.tls[].match[]"] == ["sniHosts"]


def test_a_type_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match=r"'\[string' is not a type"):
        FieldType.parse("[string")
