"""CustomResourceDefinition objects: names from kube/kinds, fields from schemas/, columns as `kubectl get` prints them.

Source of served versions, columns and categories: Istio 1.30.3, kubernetes/customresourcedefinitions.gen.yaml of its
API module.
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
}
_SPEC_REQUIRED: Final = ("ServiceEntry", "WorkloadEntry", "WorkloadGroup")


def crds() -> list[dict[str, Any]]:
    """A fresh CustomResourceDefinition for each kind in `kinds.ISTIO`."""
    return [crd(kind) for kind in kinds.ISTIO]


def crd(kind: Kind) -> dict[str, Any]:
    """The CustomResourceDefinition of one kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.resource, "labels": {"app": "istio-pilot", "release": "istio"}},
        "spec": {
            "group": kind.group,
            "names": _names(kind),
            "scope": "Namespaced",
            "versions": [_version(kind, version) for version in kind.versions],
        },
    }


def spec_type(kind: Kind) -> ObjectType:
    """The spec of a kind in the compact notation."""
    return _schemas()[0][kind.kind]


def types() -> Mapping[str, ObjectType]:
    """All named types."""
    return _schemas()[1]


def _names(kind: Kind) -> dict[str, Any]:
    names: dict[str, Any] = {
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "categories": ["istio-io", f"{kind.group.split('.')[0]}-istio-io"],
    }
    return {**names, "shortNames": list(kind.short_names)} if kind.short_names else names


def _version(kind: Kind, version: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": version,
        "served": True,
        "storage": version == kind.version,
        "schema": {"openAPIV3Schema": _object_schema(kind)},
        "subresources": {"status": {}},
    }
    keys = ("name", "jsonPath", "type", "description")
    columns = [dict(zip(keys, column, strict=True)) for column in _COLUMNS.get(kind.kind, ())]
    return {**made, "additionalPrinterColumns": columns} if columns else made


def _object_schema(kind: Kind) -> Schema:
    spec = {"description": f"Configuration of a {kind.kind}.", **expand(spec_type(kind), types())}
    schema: Schema = {
        "type": "object",
        "properties": {"spec": spec, "status": expand(types()["Status"], types())},
    }
    return {**schema, "required": ["spec"]} if kind.kind in _SPEC_REQUIRED else schema


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
