"""The first look at a written object: its copy by the schema, what is unknown in it, and which types are wrong.

A wrong type is 400 BadRequest for a built-in kind, whose Go struct cannot hold it, and 422 Invalid for a custom one,
as in Kubernetes. Unknown fields follow `fieldValidation`: Strict refuses, Warn (the default) tells, Ignore is silent;
in each case they are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.schema.checking import check
from meshtutor.embedded.apiserver.schema.reading import Reader
from meshtutor.embedded.apiserver.statuses import FieldError, bad_request, invalid, refusal
from meshtutor.embedded.apiserver.values import clone, section


def metadata_of(obj: Any) -> dict[str, Any]:
    """The metadata of what somebody sent, empty where there is none; 400 if it is no object with metadata."""
    meta = (obj.get("metadata") or {}) if isinstance(obj, dict) else None
    if not isinstance(meta, dict):
        raise bad_request("expected an object whose metadata is an object")
    return meta


def shaped(resource: Resource, obj: Mapping[str, Any], options: WriteOptions) -> Object:
    """A copy of the object in the storage version, or the refusal that says what is wrong with it."""
    metadata_of(obj)
    version = str(obj.get("apiVersion", "")).rpartition("/")[2]
    schema = resource.schema(version)
    if schema is None:
        copy = clone(dict(obj))
    else:
        reader = Reader(custom=resource.custom)
        copy = reader.read(dict(obj), schema)
        _tell(resource, version, reader.unknown, options)
        _refuse(resource, obj, check(copy, schema))
    copy["apiVersion"], copy["kind"] = resource.kind.api_version, resource.kind.kind
    _tidy(section(copy, "metadata"))
    if deprecated := resource.deprecations.get(version):
        options.warnings.append(deprecated)
    return copy


def _tidy(meta: dict[str, Any]) -> None:
    """Go leaves out empty maps and lists of the metadata."""
    for name in [name for name, value in meta.items() if value in ({}, []) and name != "managedFields"]:
        del meta[name]


def _tell(resource: Resource, version: str, unknown: list[str], options: WriteOptions) -> None:
    told = [f'unknown field "{path}"' for path in unknown]
    if told and options.field_validation == "Strict":
        kind = resource.kind
        message = (
            f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: strict decoding error: '
        )
        raise bad_request(message + ", ".join(told))
    if options.field_validation == "Warn":
        options.warnings.extend(told)


def _refuse(resource: Resource, obj: Mapping[str, Any], errors: list[FieldError]) -> None:
    if not errors:
        return
    meta = obj.get("metadata") or {}
    name = str(meta.get("name") or meta.get("generateName") or "")
    wrong = [error for error in errors if error.reason == "FieldValueTypeInvalid"]
    if resource.custom or not wrong:
        raise invalid(resource.kind, name, errors)
    kind, version = resource.kind.kind, str(obj.get("apiVersion", "")).rpartition("/")[2]
    message = f'{kind} in version "{version}" cannot be handled as a {kind}: {"; ".join(map(str, wrong))}'
    raise refusal(400, "BadRequest", message, name=name, kind=kind, causes=[e.cause() for e in wrong])


def configuration(
    resource: Resource, config: Any, place: tuple[str, str], version: str, options: WriteOptions
) -> Object:
    """What a server-side apply brings, without unknown fields and without defaults: only what was said is owned."""
    given, (namespace, name) = metadata_of(config), place
    named = resource.api_version(version)
    if config.get("apiVersion") != named or config.get("kind") != resource.kind.kind:
        own = f"{config.get('apiVersion')}, Kind={config.get('kind')}"
        raise bad_request(f"the configuration is {own}; this URL is for {named}, Kind={resource.kind.kind}")
    if given.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    reader = Reader(custom=resource.custom, defaults=False)
    schema = resource.schema(version)
    copy: Object = reader.read(config, schema) if schema else clone(config)
    _tell(resource, version, reader.unknown, options)
    _refuse(resource, config, [e for e in check(copy, schema or {}) if e.reason == "FieldValueTypeInvalid"])
    meta = section(copy, "metadata")
    if meta.setdefault("name", name) != name:
        raise bad_request(f"name must match: the configuration says {meta['name']!r}, the URL {name!r}")
    if resource.kind.namespaced:
        meta["namespace"] = namespace or "default"
    return copy
