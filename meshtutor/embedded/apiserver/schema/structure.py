"""Whether a CustomResourceDefinition's schema is one that `reading` and `checking` can work with.

Rules of structural schemas (documentation page "Extend the Kubernetes API with CustomResourceDefinitions"), as far as
a schema that breaks them could not be served. Left out: that junctors may not specify what is outside of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from meshtutor.embedded.apiserver.statuses import FieldError, invalid_value, not_supported, required

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_JUNCTORS: Final = ("allOf", "anyOf", "oneOf")


def problems(schema: Any, path: str) -> list[FieldError]:
    """What is wrong with the schema of a version; its root describes an object."""
    found = list(_problems(schema, path))
    if isinstance(schema, Mapping) and schema.get("type") != "object":
        found.append(invalid_value(f"{path}.type", schema.get("type"), "must be object at the root"))
    return found


def _problems(schema: Any, path: str) -> Iterator[FieldError]:
    if not isinstance(schema, Mapping):
        yield invalid_value(path, schema, "must be a schema")
        return
    kind = schema.get("type")
    if kind is not None and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)
    if kind == "array" and "items" not in schema:
        yield required(f"{path}.items", "must be specified")
    yield from _own(schema, path)
    for name, child in _children(schema):
        yield from _problems(child, f"{path}.{name}")


def _own(schema: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    for name, expected in (
        ("properties", dict),
        ("required", list),
        ("enum", list),
        *((j, list) for j in _JUNCTORS),
    ):
        if not isinstance(schema.get(name, expected()), expected):
            yield invalid_value(f"{path}.{name}", schema[name], f"must be {_NAMES[expected]}")
    for name in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"):
        if not isinstance(schema.get(name, 0), int | float):
            yield invalid_value(f"{path}.{name}", schema[name], "must be a number")
    try:
        re.compile(schema.get("pattern", ""))
    except (re.error, TypeError) as error:
        yield invalid_value(
            f"{path}.pattern", schema["pattern"], f"must be a valid regular expression: {error}"
        )


_NAMES: Final = {dict: "an object", list: "a list"}


def _children(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(properties := schema.get("properties"), Mapping):
        yield from ((f"properties[{name}]", child) for name, child in properties.items())
    for name in ("items", "not"):
        if name in schema:
            yield name, schema[name]
    if not isinstance(schema.get("additionalProperties", True), bool):
        yield "additionalProperties", schema["additionalProperties"]
    for name in _JUNCTORS:
        if isinstance(members := schema.get(name), list):
            yield from ((f"{name}[{i}]", member) for i, member in enumerate(members))
