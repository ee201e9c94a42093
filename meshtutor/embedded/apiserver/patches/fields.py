"""Which fields an object has, as FieldsV1 names them: the coin that field ownership is paid in.

A path is a tuple of steps: `f:NAME` a field, `k:{"name":"x"}` the element of a list that is a map, `v:"x"` the element
of a set. Leaves are scalars, atomic lists and maps, and empty maps; an element of a map-list counts as a leaf itself
(`.` in FieldsV1), besides the fields in it.
Source: sigs.k8s.io/structured-merge-diff (fieldpath/serialize.go); schema extensions `x-kubernetes-*-type`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
Path = tuple[str, ...]
Leaves = dict[Path, Any]

ELEMENT: Final = "element"
"""The value of a map-list's element itself."""
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_IGNORED: Final = ("name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion", "selfLink",
                   "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName")  # fmt: skip


def leaves(obj: Mapping[str, Any], schema: Schema, parts: Iterable[str] | None = None) -> Leaves:
    """All owned-or-ownable fields of an object with their values; `parts` limits it to some top-level fields."""
    seen = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind") and (parts is None or k in parts)}
    if "metadata" in seen:
        meta = {k: v for k, v in seen["metadata"].items() if k not in _IGNORED}
        seen["metadata"] = meta
        if not meta:
            del seen["metadata"]
    found: Leaves = {}
    for key, value in seen.items():
        _walk(value, child(schema, f"f:{key}"), (f"f:{key}",), found)
    return found


def _walk(value: Any, schema: Schema, path: Path, found: Leaves) -> None:
    if type(value) is dict and value and granular(schema):
        for key, item in value.items():
            step = f"f:{key}"
            _walk(item, child(schema, step), (*path, step), found)
    elif type(value) is list and (kind := list_kind(schema)):
        for item in value:
            step = element_step(item, schema, kind)
            at = (*path, step)
            found[at] = ELEMENT
            if kind == "map":
                _walk_element(item, schema.get("items") or {}, at, found)
    else:
        found[path] = value


def _walk_element(item: Any, schema: Schema, path: Path, found: Leaves) -> None:
    if isinstance(item, dict):
        for key, value in item.items():
            step = f"f:{key}"
            _walk(value, child(schema, step), (*path, step), found)


def granular(schema: Schema) -> bool:
    """Whether the fields of an object are owned one by one."""
    return schema.get("x-kubernetes-map-type") != "atomic"


def list_kind(schema: Schema) -> str:
    """`map` or `set` for lists whose elements are owned one by one, else ""."""
    kind = schema.get("x-kubernetes-list-type", "atomic")
    return kind if kind in ("map", "set") else ""


def child(schema: Schema, step: str) -> Schema:
    """The schema one step down."""
    if not step.startswith("f:"):
        found = schema.get("items")
    else:
        found = (schema.get("properties") or {}).get(step[2:], schema.get("additionalProperties"))
    return found if isinstance(found, Mapping) else {}


def element_step(item: Any, schema: Schema, kind: str) -> str:
    """How an element of a list is named."""
    if kind == "set" or not isinstance(item, Mapping):
        return f"v:{_dumps(item)}"
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    values = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(keys)}
    return f"k:{_dumps({k: v for k, v in values.items() if v is not None})}"


def to_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """FieldsV1 of a set of paths."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
        if path[-1][0] in "kv":
            node["."] = {}
    return _without_dots_on_leaves(root)


def _without_dots_on_leaves(node: dict[str, Any]) -> dict[str, Any]:
    """`.` is written only where there is something beside it."""
    if set(node) == {"."}:
        return {}
    return {key: _without_dots_on_leaves(value) if key != "." else value for key, value in node.items()}


def from_fields(fields: Mapping[str, Any]) -> set[Path]:
    """The paths in FieldsV1."""
    return set(_paths(fields, ()))


def _paths(node: Mapping[str, Any], at: Path) -> Iterator[Path]:
    if at and (not node or "." in node):
        yield at
    for step, below in node.items():
        if step != ".":
            yield from _paths(below, (*at, step))


def spelled(path: Path) -> str:
    """A path as people read it: `.spec.containers[name="x"].image`."""
    text = ""
    for step in path:
        kind, rest = step[0], step[2:]
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            text += "[" + ",".join(f"{k}={_dumps(v)}" for k, v in json.loads(rest).items()) + "]"
        else:
            text += f"[={rest}]"
    return text


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
