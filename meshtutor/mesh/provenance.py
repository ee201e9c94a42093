"""Where the objects of the mesh were written: remembered when they are applied, checked when somebody asks.

An object whose live spec is no longer what was applied was changed by somebody else: then no line is named, since it
would be a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from meshtutor.kube import objects
from meshtutor.kube.manifests import Manifests, Origin
from meshtutor.kube.objects import ObjectKey
from meshtutor.mesh.changes import Change

Object = Mapping[str, Any]
_EXCERPT: Final = 70


@dataclass(frozen=True)
class _Known:
    origin: Origin
    spec: Any
    lines: tuple[str, ...]


class Provenance:
    """Origins by group, kind, namespace and name; the latest counts."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._known: dict[ObjectKey, _Known] = {}

    def remember(self, changes: Iterable[Change]) -> None:
        """What was applied, with the spec that the API server made of it."""
        for change in changes:
            if change.origin is not None and change.action in ("created", "configured", "unchanged"):
                self._keep(change.object, change.origin)

    def remember_files(self, found: Manifests) -> None:
        """What files say, whether it was applied from them or not."""
        for obj, origin in zip(found, found.origins, strict=True):
            self._keep(obj, origin)

    def where(self, obj: Object, path: str) -> str:
        """`FILE:LINE` of a field of a live object, "" where that is not known (any more) or there are no lines."""
        known = self._current(obj)
        return known.origin.where(path) if known and known.origin.line_of(path) else ""

    def line(self, obj: Object, path: str) -> str:
        """The line of YAML at a field as it stands in the file; where it only opens a block, the field in one line."""
        known = self._current(obj)
        number = known.origin.line_of(path) if known else 0
        written = known.lines[number - 1].strip() if known and 0 < number <= len(known.lines) else ""
        return written if written and not written.endswith(":") else excerpt(obj, path)

    def _keep(self, obj: Object, origin: Origin) -> None:
        key = ObjectKey.of(obj, self._namespace)
        self._known[key] = _Known(origin, obj.get("spec"), _lines(origin))

    def _current(self, obj: Object) -> _Known | None:
        known = self._known.get(ObjectKey.of(obj, self._namespace))
        return known if known and known.spec == obj.get("spec") else None


def excerpt(obj: Object, path: str) -> str:
    """A field and its value in one line of YAML, cut where it is long: `weight: 30`; "" if it is not there."""
    value = objects.dig(obj, path)
    if value is None:
        return ""
    steps = list(objects.steps(path))
    field = {str(steps[-1]): value} if isinstance(steps[-1], str) else [value]
    line = yaml.safe_dump(field, default_flow_style=True, width=10_000, sort_keys=False).strip()
    line = line[1:-1] if isinstance(steps[-1], str) else f"- {line[1:-1]}"
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"


def _lines(origin: Origin) -> tuple[str, ...]:
    if origin.file is None:
        return ()
    try:
        return tuple(origin.file.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return ()
