"""CustomResourceDefinition objects: names from kube/kinds, fields from schemas/, columns as `kubectl get` prints them.

Source of served versions, columns and categories: Istio 1.30.3, kubernetes/customresourcedefinitions.gen.yaml of its
API module; the Gateway API 1.5.1, config/crd/standard. istiod ignores Gateway API kinds without the annotation that
names their bundle's version.

Left out: the Gateway API's default status "Waiting for controller", which a reader would see for some milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from meshtutor.embedded.crds.notation import ObjectType, Schema, expand
from meshtutor.kube import kinds
from meshtutor.kube.kinds import Kind

_AGE: Final = ("Age", ".metadata.creationTimestamp", "date", "When the object was made.")
_COLUMNS: Final[Mapping[str, tuple[tuple[str, str, str, str], ...]]] = {
    "VirtualService": (
        ("Gateways", ".spec.gateways", "string", "Where the rules hold."),
        ("Hosts", ".spec.hosts", "string", "The names that clients call."),
        _AGE,
    ),
    "DestinationRule": (("Host", ".spec.host", "string", "The service that the policy is for."), _AGE),
    "Gateway": (),
    "ServiceEntry": (
        ("Hosts", ".spec.hosts", "string", "Names under which the service is called."),
        ("Location", ".spec.location", "string", "Whether the service belongs to the mesh."),
        ("Resolution", ".spec.resolution", "string", "How addresses of endpoints are found."),
        _AGE,
    ),
    "WorkloadEntry": (_AGE, ("Address", ".spec.address", "string", "Address of the endpoint.")),
    "WorkloadGroup": (_AGE,),
    "AuthorizationPolicy": (
        ("Action", ".spec.action", "string", "What happens to a request that matches."),
        _AGE,
    ),
    "PeerAuthentication": (("Mode", ".spec.mtls.mode", "string", "What the pods accept."), _AGE),
    "Telemetry": (_AGE,),
    "GatewayClass": (
        ("Controller", ".spec.controllerName", "string", "Who serves Gateways of the class."),
        ("Accepted", '.status.conditions[?(@.type=="Accepted")].status', "string", "Whether it does."),
        _AGE,
    ),
    kinds.KUBERNETES_GATEWAY.unique_name: (
        ("Class", ".spec.gatewayClassName", "string", "Whose it is."),
        ("Address", ".status.addresses[*].value", "string", "Where it is reached."),
        (
            "Programmed",
            '.status.conditions[?(@.type=="Programmed")].status',
            "string",
            "Whether it is served.",
        ),
        _AGE,
    ),
    "HTTPRoute": (
        ("Hostnames", ".spec.hostnames", "string", "The names that clients call."),
        _AGE,
    ),
    "ReferenceGrant": (_AGE,),
}
_SPEC_REQUIRED: Final = (
    "ServiceEntry", "WorkloadEntry", "WorkloadGroup", "GatewayClass", "HTTPRoute", "ReferenceGrant",
    kinds.KUBERNETES_GATEWAY.unique_name,
)  # fmt: skip
_STATUS: Final = {"HTTPRoute": "RouteStatus", kinds.KUBERNETES_GATEWAY.unique_name: "GatewayStatus"}
_BUNDLE: Final = {
    "gateway.networking.k8s.io/bundle-version": "v1.5.1",
    "gateway.networking.k8s.io/channel": "standard",
}


def crds() -> list[dict[str, Any]]:
    """A fresh CustomResourceDefinition for each kind of Istio's and of the Gateway API."""
    return [crd(kind) for kind in kinds.ISTIO + kinds.GATEWAY_API]


def crd(kind: Kind) -> dict[str, Any]:
    """The CustomResourceDefinition of one kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.resource, **_mark(kind)},
        "spec": {
            "group": kind.group,
            "names": _names(kind),
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [_version(kind, version) for version in kind.versions],
        },
    }


def spec_type(kind: Kind) -> ObjectType:
    """The spec of a kind in the compact notation."""
    return _schemas()[0][kind.unique_name]


def types() -> Mapping[str, ObjectType]:
    """All named types."""
    return _schemas()[1]


def _mark(kind: Kind) -> dict[str, Any]:
    if kind in kinds.GATEWAY_API:
        return {"annotations": dict(_BUNDLE)}
    return {"labels": {"app": "istio-pilot", "release": "istio"}}


def _names(kind: Kind) -> dict[str, Any]:
    names: dict[str, Any] = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "categories": _categories(kind),
    }
    return {**names, "shortNames": list(kind.short_names)} if kind.short_names else names


def _categories(kind: Kind) -> list[str]:
    if kind in kinds.GATEWAY_API:
        return list(kind.categories)
    return ["istio-io", f"{kind.group.split('.')[0]}-istio-io"]


def _version(kind: Kind, version: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": version,
        "served": True,
        "storage": version == kind.version,
        "schema": {"openAPIV3Schema": _object_schema(kind)},
        "subresources": {"status": {}} if "status" in kind.subresources else {},
    }
    keys = ("name", "jsonPath", "type", "description")
    columns = [dict(zip(keys, column, strict=True)) for column in _COLUMNS.get(kind.unique_name, ())]
    return {**made, "additionalPrinterColumns": columns} if columns else made


def _object_schema(kind: Kind) -> Schema:
    spec = {"description": f"Configuration of a {kind.kind}.", **expand(spec_type(kind), types())}
    properties = {"spec": spec}
    if "status" in kind.subresources:
        properties["status"] = expand(types()[_status_type(kind)], types())
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": ["spec"]} if kind.unique_name in _SPEC_REQUIRED else schema


def _status_type(kind: Kind) -> str:
    other = "GatewayApiStatus" if kind in kinds.GATEWAY_API else "Status"
    return _STATUS.get(kind.unique_name, other)


@cache
def _schemas() -> tuple[dict[str, ObjectType], dict[str, ObjectType]]:
    """(specs by kind, types by name) of all files; a name that is used twice is a mistake here."""
    specs: dict[str, ObjectType] = {}
    named: dict[str, ObjectType] = {}
    for file in sorted((resources.files(__package__) / "schemas").iterdir(), key=lambda file: file.name):
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for target, section in ((specs, "kinds"), (named, "types")):
            for name, raw in (content.get(section) or {}).items():
                if name in target:
                    raise ValueError(f"{file.name}: {name} is defined twice")
                target[name] = ObjectType(raw)
    return specs, named
