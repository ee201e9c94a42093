"""A copy of a value as its schema reads it: unknown fields dropped, nulls treated as absent, defaults filled in.

The copy and the pruning are one pass, since every write makes a copy anyhow. Rules of structural schemas:
apiextensions-apiserver's pkg/apiserver/schema/{pruning,defaulting}. A value whose type does not fit is copied as it
is: `checking` says so afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.embedded.apiserver.values import clone

Schema = Mapping[str, Any]
_ROOT = ("apiVersion", "kind", "metadata")


class Reader:
    """Reads one object; `unknown` are the paths of the dropped fields afterwards.

    Objects of `custom` kinds are read as JSON and completed with `defaults`, others as Go reads them into structs.
    """

    def __init__(self, *, custom: bool, defaults: bool | None = None) -> None:
        self.unknown: list[str] = []
        self._path: list[str] = []
        self._custom = custom
        self._defaults = custom if defaults is None else defaults

    def read(self, value: Any, schema: Schema) -> Any:
        """The copy."""
        if type(value) is dict:
            return self._object(value, schema)
        if type(value) is list and "items" in schema:
            return self._list(value, schema["items"])
        if schema.get("format") == "quantity" and isinstance(value, int | float):
            return str(value)
        return clone(value)

    def _object(self, value: dict[str, Any], schema: Schema) -> dict[str, Any]:
        properties = schema.get("properties")
        rest = schema.get("additionalProperties")
        if properties is None and rest is None:
            return self._free(value, schema)
        copy: dict[str, Any] = {}
        for key, item in value.items():
            child = (properties or {}).get(key)
            if child is None and isinstance(rest, Mapping):
                child = rest
            if child is not None:
                if item is None and not child.get("nullable"):
                    self._null(copy, key, child, entry=key not in (properties or {}))
                else:
                    copy[key] = self._child(key, item, child)
            elif rest is True or schema.get("x-kubernetes-preserve-unknown-fields"):
                copy[key] = clone(item)
            elif not (schema.get("x-kubernetes-embedded-resource") and key in _ROOT):
                self.unknown.append(self._at(key))
        if self._defaults and properties:
            _fill(copy, properties)
        return copy

    def _null(self, copy: dict[str, Any], key: str, schema: Schema, *, entry: bool) -> None:
        """A null field is an absent one; in a map of strings Go reads it as "", and a custom kind refuses it."""
        if entry and self._custom:
            copy[key] = None
        elif entry and schema.get("type") == "string":
            copy[key] = ""

    def _free(self, value: dict[str, Any], schema: Schema) -> dict[str, Any]:
        """An object without declared fields keeps them if it may have any, as an untyped value does."""
        if schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("type") != "object":
            return clone(value)
        self.unknown.extend(self._at(key) for key in value)
        return {}

    def _list(self, value: list[Any], items: Schema) -> list[Any]:
        return [self._child(f"[{i}]", item, items) for i, item in enumerate(value)]

    def _child(self, step: str, value: Any, schema: Schema) -> Any:
        kind = type(value)
        if kind is not dict and kind is not list:
            return self.read(value, schema)
        self._path.append(step)
        copy = self.read(value, schema)
        self._path.pop()
        return copy

    def _at(self, key: str) -> str:
        return join([*self._path, key])


def join(steps: list[str]) -> str:
    """A field's path as Kubernetes writes it: `spec.http[0].route`."""
    return "".join(step if step.startswith("[") else f".{step}" for step in steps).removeprefix(".")


def _fill(copy: dict[str, Any], properties: Mapping[str, Schema]) -> None:
    for key, child in properties.items():
        if "default" in child and key not in copy:
            copy[key] = clone(child["default"])
