"""An object or a list in the form a client asked for: as it is, its metadata only, or rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.tables.table import table

Query = Mapping[str, str]
_META = "meta.k8s.io/v1"


def shown(form: str, resource: Resource, version: str, obj: Object, query: Query) -> Object:
    """One object."""
    seen = resource.at(obj, version)
    if form == "Table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table(resource, version, [seen], meta, query.get("includeObject", ""))
    return metadata_only(seen) if form == "PartialObjectMetadata" else seen


def shown_list(
    form: str, resource: Resource, version: str, objects: list[Object], *, meta: dict[str, Any], query: Query
) -> Object:
    """A list of objects; `meta` is the ListMeta."""
    seen = [resource.at(obj, version) for obj in objects]
    if form == "Table":
        return table(resource, version, seen, meta, query.get("includeObject", ""))
    if form == "PartialObjectMetadata":
        items = [metadata_only(obj) for obj in seen]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": _META,
            "metadata": meta,
            "items": items,
        }
    named = {"kind": resource.list_kind, "apiVersion": resource.api_version(version)}
    return {**named, "metadata": meta, "items": seen}


def metadata_only(obj: Object) -> Object:
    """A PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}
