"""`metadata.managedFields`: who owns which fields, kept up to date with every tracked write.

A write that is not an apply makes its manager the owner of what it changed, and takes what it changed or removed from
all others. Writes of the box's own components (no manager) are not tracked: a status has one writer anyhow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.patches.fields import Path, Schema, from_fields, leaves, to_fields
from meshtutor.embedded.objects import timestamp


@dataclass(frozen=True)
class Owner:
    """One entry: a manager, how it writes (Apply or Update), through which subresource, and what it owns."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: frozenset[Path]

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Entries with the same identity are one."""
        return self.manager, self.operation, self.api_version, self.subresource

    def without(self, paths: Iterable[Path]) -> Owner:
        """The entry after it has lost some fields, and whatever is below them."""
        lost = set(paths)
        return replace(self, paths=frozenset(p for p in self.paths if not _covered(p, lost)))

    def entry(self) -> dict[str, Any]:
        """As JSON."""
        made = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields(self.paths),
        }
        return {**made, "subresource": self.subresource} if self.subresource else made


def _covered(path: Path, lost: set[Path]) -> bool:
    return any(path[:length] in lost for length in range(1, len(path) + 1))


def owners_of(obj: Object | None) -> list[Owner]:
    """The entries of an object; those that cannot be read are dropped, and `[{}]` means none, as in Kubernetes."""
    entries = ((obj or {}).get("metadata") or {}).get("managedFields") or ()
    return [_owner(e) for e in entries if isinstance(e, Mapping) and e.get("manager")]


def _owner(entry: Mapping[str, Any]) -> Owner:
    return Owner(
        manager=str(entry["manager"]),
        operation=str(entry.get("operation", "Update")),
        api_version=str(entry.get("apiVersion", "")),
        subresource=str(entry.get("subresource", "")),
        time=str(entry.get("time", "")),
        paths=frozenset(from_fields(entry.get("fieldsV1") or {})),
    )


def write_owners(obj: Object, owners: Iterable[Owner]) -> None:
    """Set `managedFields`; owners of nothing are dropped. Without any owner the list is empty, not absent."""
    obj["metadata"]["managedFields"] = [owner.entry() for owner in owners if owner.paths]


def track_update(
    new: Object, old: Object | None, schema: Schema, *, manager: str, api_version: str, subresource: str = ""
) -> None:
    """Bring `managedFields` of `new` up to date with what `manager` changed against `old`."""
    parts = ("status",) if subresource == "status" else None
    before = leaves(old, schema, parts) if old else {}
    after = leaves(new, schema, parts)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    removed = before.keys() - after.keys()
    if not changed and not removed:
        return
    fresh = Owner(manager, "Update", api_version, subresource, timestamp(), frozenset(changed))
    kept = []
    for owner in owners_of(new):
        if owner.identity == fresh.identity:
            fresh = replace(fresh, paths=fresh.paths | owner.without(removed).paths)
        else:
            kept.append(owner.without(changed | removed))
    write_owners(new, [*kept, fresh])
