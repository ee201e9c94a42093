"""Strategic merge patch: a merge patch that merges some lists by a key, with directives.

`$patch: replace|merge|delete`, `$retainKeys`, `$setElementOrder/LIST`, `$deleteFromPrimitiveList/LIST`.
Which lists merge, and by which key, the schema says (`x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key`).
Source: apimachinery's pkg/util/strategicpatch/patch.go; contributors' devel/sig-api-machinery/strategic-merge-patch.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from meshtutor.embedded.apiserver.statuses import bad_request
from meshtutor.embedded.apiserver.values import clone

Schema = Mapping[str, Any]
_DIRECTIVE: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DELETE: Final = "$deleteFromPrimitiveList/"


def strategic_merge(target: Any, patch: Any, schema: Schema) -> Any:
    """The patched object; parts that did not change are shared with `target`."""
    if not isinstance(patch, dict):
        return clone(patch)
    current = target if isinstance(target, dict) else {}
    match patch.get(_DIRECTIVE):
        case "replace":
            return _plain(patch)
        case "delete":
            return {}
        case "merge" | None:
            return _merge_object(current, patch, schema)
        case other:
            raise bad_request(f"unknown patch directive $patch: {other!r}; expected replace, merge or delete")


def _merge_object(current: Mapping[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    kept = patch.get(_RETAIN)
    result = {k: v for k, v in current.items() if kept is None or k in kept}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        child = _child(schema, key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, list):
            result[key] = _merge_list(result.get(key), value, child, patch.get(_ORDER + key))
        else:
            result[key] = strategic_merge(result.get(key), value, child)
            if isinstance(value, dict) and value.get(_DIRECTIVE) == "delete":
                del result[key]
    _list_directives(result, patch, schema)
    return result


def _list_directives(result: dict[str, Any], patch: dict[str, Any], schema: Schema) -> None:
    """Deletions from lists of primitives, and the order of lists of which nothing else changes."""
    for key, value in patch.items():
        if key.startswith(_DELETE):
            name = key.removeprefix(_DELETE)
            result[name] = [item for item in result.get(name) or () if item not in value]
        elif key.startswith(_ORDER) and key.removeprefix(_ORDER) not in patch:
            name = key.removeprefix(_ORDER)
            if result.get(name):
                merge_key = _child(schema, name).get("x-kubernetes-patch-merge-key")
                result[name] = _ordered(result[name], value, result[name], merge_key)


def _merge_list(current: Any, patch: list[Any], schema: Schema, order: list[Any] | None) -> list[Any]:
    if "merge" not in str(schema.get("x-kubernetes-patch-strategy", "")) or not isinstance(current, list):
        return [_plain(item) for item in patch if not _is_deletion(item)]
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in patch):
        return [_plain(item) for item in patch if item != {_DIRECTIVE: "replace"}]
    key = schema.get("x-kubernetes-patch-merge-key")
    merged = _merge_items(current, patch, key, schema) if key else _union(current, patch)
    return _ordered(merged, order or patch, current, key)


def _union(current: list[Any], patch: list[Any]) -> list[Any]:
    return current + [clone(item) for item in patch if item not in current]


def _merge_items(current: list[Any], patch: list[Any], key: str, schema: Schema) -> list[Any]:
    result, items = list(current), schema.get("items") or {}
    for change in patch:
        if not isinstance(change, dict) or key not in change:
            raise bad_request(f"an element of a merged list lacks its merge key {key!r}: {change!r}")
        at = next((i for i, item in enumerate(result) if item.get(key) == change[key]), None)
        if _is_deletion(change):
            result = [item for item in result if item.get(key) != change[key]]
        elif at is None:
            result.append(_plain(change))
        else:
            result[at] = strategic_merge(result[at], change, items)
    return result


def _ordered(items: list[Any], order: list[Any], live: list[Any], key: str | None) -> list[Any]:
    """Elements that `order` names keep its order, the others their order in `live`.

    The two are interleaved as in the live list where that is possible; a new element comes before the others
    (strategicpatch's mergeSortedSlice).
    """
    ranks = {_identity(item, key): rank for rank, item in enumerate(order)}
    places = {_identity(item, key): place for place, item in enumerate(live)}
    named = deque(
        sorted((i for i in items if _identity(i, key) in ranks), key=lambda i: ranks[_identity(i, key)])
    )
    others = deque(item for item in items if _identity(item, key) not in ranks)
    result = []
    while named and others:
        ours = places.get(_identity(named[0], key), -1)
        result.append(others.popleft() if places[_identity(others[0], key)] < ours else named.popleft())
    return [*result, *named, *others]


def _identity(item: Any, key: str | None) -> str:
    return repr(item.get(key)) if key and isinstance(item, dict) else repr(item)


def _is_deletion(item: Any) -> bool:
    return isinstance(item, dict) and item.get(_DIRECTIVE) == "delete"


def _plain(value: Any) -> Any:
    """A copy without directives and nulls, for what did not exist before."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if not k.startswith("$") and v is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value if not _is_deletion(item)]
    return value


def _child(schema: Schema, key: str) -> Schema:
    child = (schema.get("properties") or {}).get(key, schema.get("additionalProperties"))
    return child if isinstance(child, Mapping) else {}
