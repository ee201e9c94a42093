"""Server-side apply (KEP-555): the author of a configuration owns the fields in it.

Fields that an earlier apply of the same manager had and this one has not are removed, unless someone else owns them
too. A field that another manager owns and whose value this apply would change is a conflict, 409, unless forced.
Lists of built-in kinds merge by their keys; lists of custom kinds are atomic unless their schema says otherwise.

Left out: ownership across API versions whose schemas differ (here all versions of a kind have one schema).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.patches.fields import (
    Leaves,
    Path,
    Schema,
    child,
    element_step,
    granular,
    leaves,
    list_kind,
    spelled,
)
from meshtutor.embedded.apiserver.patches.owned import Owner, owners_of, write_owners
from meshtutor.embedded.apiserver.statuses import failure
from meshtutor.embedded.apiserver.values import clone
from meshtutor.embedded.objects import timestamp
from meshtutor.errors import ConflictError


def apply(
    live: Object | None,
    config: Object,
    schema: Schema,
    manager: str,
    *,
    force: bool = False,
    subresource: str = "",
) -> Object:
    """The object after the apply, with `managedFields`; ConflictError names each owner and field."""
    parts = ("status",) if subresource == "status" else tuple(k for k in config if k != "status")
    wanted = leaves(config, schema, parts)
    mine = Owner(manager, "Apply", config["apiVersion"], subresource, timestamp(), frozenset(wanted))
    if live is None:
        made: Object = clone(config)
        write_owners(made, [mine])
        return made
    merged: Object = merge_by(
        live, {k: v for k, v in config.items() if k in parts or k == "metadata"}, schema
    )
    earlier = next((o for o in owners_of(live) if o.identity == mine.identity), None)
    others = [o for o in owners_of(live) if o.identity != mine.identity]
    contested = _contested(others, wanted, leaves(live, schema))
    if contested and not force:
        raise _conflict(contested)
    others = [o.without(p for owner, p in contested if owner is o) for o in others]
    if earlier:
        _drop(merged, earlier.paths - mine.paths, others, schema)
    merged["metadata"] = dict(merged["metadata"])
    write_owners(merged, [*others, mine])
    return merged


def _contested(others: list[Owner], wanted: Leaves, live: Leaves) -> list[tuple[Owner, Path]]:
    """Fields of others whose value would change."""
    changing = [p for p, value in wanted.items() if p not in live or live[p] != value]
    return [(owner, path) for owner in others for path in changing if path in owner.paths]


def _conflict(contested: list[tuple[Owner, Path]]) -> ConflictError:
    told: dict[str, list[str]] = {}
    for owner, path in contested:
        told.setdefault(f'"{owner.manager}"{_using(owner)}', []).append(spelled(path))
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": field}
        for who, fields in told.items()
        for field in fields
    ]
    plural = "s" if len(causes) > 1 else ""
    message = f"Apply failed with {len(causes)} conflict{plural}: {_listed(told)}"
    return ConflictError(failure(409, "Conflict", message, causes=causes))


def _listed(told: dict[str, list[str]]) -> str:
    """One conflict in one line, several in one list for each manager."""
    if sum(map(len, told.values())) == 1:
        return "".join(f"conflict with {who}: {field}" for who, (field,) in told.items())
    return "\n".join(f"conflicts with {who}:\n- " + "\n- ".join(fields) for who, fields in told.items())


def _using(owner: Owner) -> str:
    through = f' with subresource "{owner.subresource}"' if owner.subresource else ""
    return through + (f" using {owner.api_version}" if owner.operation == "Update" else "")


def merge_by(live: Any, config: Any, schema: Schema) -> Any:
    """The live value with the configuration laid over it; unchanged parts are shared."""
    if isinstance(config, dict) and isinstance(live, dict) and granular(schema):
        merged = dict(live)
        for key, value in config.items():
            below = child(schema, f"f:{key}")
            merged[key] = merge_by(live[key], value, below) if key in live else clone(value)
        return merged
    if isinstance(config, list) and isinstance(live, list) and (kind := list_kind(schema)):
        return _merge_elements(live, config, schema, kind)
    return clone(config)


def _merge_elements(live: list[Any], config: list[Any], schema: Schema, kind: str) -> list[Any]:
    """Live elements keep their places, new ones follow in the configuration's order."""
    given = {element_step(item, schema, kind): item for item in config}
    items = schema.get("items") or {}
    merged = []
    for item in live:
        own = given.pop(element_step(item, schema, kind), None)
        merged.append(item if own is None else merge_by(item, own, items))
    return merged + [clone(item) for item in given.values()]


def _drop(merged: Object, lost: frozenset[Path], others: list[Owner], schema: Schema) -> None:
    """Remove fields that nobody owns any more; an element goes with its key fields when nobody owns it."""
    held = {path for owner in others for path in owner.paths}
    held |= {path[:length] for path in held for length in range(1, len(path))}
    for path in sorted(lost - held, key=len):
        key_of_kept = len(path) > 1 and path[-2].startswith("k:") and path[:-1] not in lost - held
        if not (key_of_kept and f'"{path[-1][2:]}":' in path[-2]):
            _remove(merged, path, schema)


def _remove(parent: Any, path: Path, schema: Schema) -> bool:
    """Remove what is at a path, copying on the way down; answers whether the parent is empty now."""
    step, below = path[0], child(schema, path[0])
    if isinstance(parent, dict) and step[2:] in parent:
        key = step[2:]
        if len(path) == 1:
            del parent[key]
        else:
            parent[key] = _copied(parent[key])
            if _remove(parent[key], path[1:], below):
                del parent[key]
    elif isinstance(parent, list):
        kind = list_kind(schema)
        at = next((i for i, item in enumerate(parent) if element_step(item, schema, kind) == step), None)
        if at is not None and len(path) == 1:
            del parent[at]
        elif at is not None:
            parent[at] = _copied(parent[at])
            _remove(parent[at], path[1:], below)
    return isinstance(parent, dict | list) and not parent


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, list) else value
