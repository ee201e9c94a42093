"""Columns of custom resources: `additionalPrinterColumns` with their JSON paths.

Source: apiextensions-apiserver's pkg/registry/customresource/tableconvertor/tableconvertor.go. The JSON paths that
CRDs use are simple: keys, indexes, `[*]`, and one kind of filter, `[?(@.type=="Ready")]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from meshtutor.embedded.apiserver.tables.columns import AGE, NAME, Column, Object, age

_STEP: Final = re.compile(
    r"""\.((?:\\.|[^.\[\\])+)|\[(\d+|\*)\]|\['([^']+)'\]|\[\?\(@\.([\w.]+)\s*==\s*["']([^"']*)["']\)\]"""
)
Step = Callable[[Any], Iterable[Any]]


def columns(definitions: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Name and the definition's columns; Age where it has none."""
    own = tuple(_column(each) for each in definitions)
    return (NAME, *own) if own else (NAME, AGE)


def _column(definition: Mapping[str, Any]) -> Column:
    kind = definition.get("type", "string")
    find = finder(definition.get("jsonPath", ""))
    return Column(
        name=definition["name"],
        cell=lambda obj: _cell(find(obj), kind),
        priority=definition.get("priority", 0),
        type="string" if kind == "date" else kind,
        format=definition.get("format", ""),
        description=definition.get("description", ""),
    )


def _cell(found: list[Any], kind: str) -> Any:
    if not found or found[0] is None:
        return None
    value = found[0]
    if kind == "date":
        return age(str(value))
    if kind == "string":
        plain = isinstance(value, str)
        return value if plain else json.dumps(value, separators=(",", ":"))
    return value


@lru_cache(maxsize=256)
def finder(path: str) -> Callable[[Object], list[Any]]:
    """All values at a JSON path."""
    steps = [_step(found) for found in _STEP.finditer(path)]

    def find(obj: Object) -> list[Any]:
        values: list[Any] = [obj]
        for step in steps:
            values = [item for value in values for item in step(value)]
        return values

    return find


def _step(found: re.Match[str]) -> Step:
    name, index, quoted, key, wanted = found.groups()
    if index == "*":
        return _every
    if index is not None:
        return lambda value: value[int(index) : int(index) + 1] if isinstance(value, list) else ()
    if key is not None:
        return lambda value: [item for item in _every(value) if _text(item, key) == wanted]
    own = quoted if quoted is not None else name.replace("\\", "")
    return lambda value: [value[own]] if isinstance(value, Mapping) and own in value else ()


def _every(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _text(item: Any, path: str) -> str | None:
    for key in path.split("."):
        item = item.get(key) if isinstance(item, Mapping) else None
    return None if item is None else str(item)
