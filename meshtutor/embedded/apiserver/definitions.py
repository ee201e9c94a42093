"""From a CustomResourceDefinition to the resource that is served while it exists.

Objects are stored once, in the storage version, and answered in every served version with `apiVersion` rewritten:
Istio's versions have one schema (its CRDs say `conversion: None` too). Rule for istiod: listed means served.
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.resources import Resource, Schema
from meshtutor.embedded.apiserver.schema.builtin import metadata_schema
from meshtutor.embedded.apiserver.values import items_of
from meshtutor.kube.kinds import ALL, Kind


def resource_of(definition: Object) -> Resource:
    """The resource a CustomResourceDefinition asks for."""
    spec = definition["spec"]
    versions = [v for v in items_of(spec, "versions") if v.get("served")]
    schemas = {v["name"]: _schema(v) for v in versions}
    stored = next(v for v in items_of(spec, "versions") if v.get("storage"))
    names = spec["names"]
    return Resource(
        kind=_kind(spec, versions, stored),
        schema=schemas.get,
        singular=names.get("singular", ""),
        list_kind=names.get("listKind", ""),
        columns={v["name"]: tuple(items_of(v, "additionalPrinterColumns")) for v in versions},
        scale=(stored.get("subresources") or {}).get("scale"),
        custom=True,
        deprecations={v["name"]: _deprecation(spec, v) for v in versions if v.get("deprecated")},
    )


def _kind(spec: dict[str, Any], versions: list[dict[str, Any]], stored: dict[str, Any]) -> Kind:
    """The Kind of kinds.py where it says the same, so that those who watch by its constants find it equal."""
    names, subresources = spec["names"], stored.get("subresources") or {}
    made = Kind(
        group=spec["group"],
        version=stored["name"],
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        other_versions=tuple(v["name"] for v in versions if not v.get("storage")),
        subresources=tuple(name for name in ("status", "scale") if name in subresources),
        categories=tuple(names.get("categories") or ()),
    )
    known = next((k for k in ALL if k.resource == made.resource and k.kind == made.kind), None)
    same = known and (known.version, set(known.versions)) == (made.version, set(made.versions))
    return known if known and same else made


def _schema(version: dict[str, Any]) -> Schema:
    """The version's schema with the metadata that every object has."""
    schema: dict[str, Any] = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    common = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": metadata_schema()}
    return {**schema, "type": "object", "properties": {**(schema.get("properties") or {}), **common}}


def _deprecation(spec: dict[str, Any], version: dict[str, Any]) -> str:
    kind = f"{spec['group']}/{version['name']} {spec['names']['kind']}"
    return version.get("deprecationWarning") or f"{kind} is deprecated"
