"""What still stands as it was applied, so that a reset need not apply it again.

The API server gives an object another resourceVersion whenever anything of it is written
(https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions). An object with the version that it
had after a manifest was applied is therefore what applying that manifest once more would make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meshtutor.mesh.leftovers import Named, named

Object = dict[str, Any]
Version = tuple[str, str]
"""uid and resourceVersion: an object that was made anew, or in a lab that was, is another one."""


@dataclass
class Standing:
    """The manifests that this process applied in a namespace, each with the version of what the API server stored."""

    _applied: dict[Named, tuple[Object, Version]] = field(default_factory=dict)

    def remember(self, manifest: Object, stored: Object) -> None:
        """That `manifest` was applied, and `stored` came of it."""
        self._applied[named(manifest)] = (manifest, _version(stored))

    def has(self, manifest: Object, there: Mapping[Named, Object]) -> bool:
        """Whether just this manifest was applied, and nobody has written since what is stored, which is `there`."""
        stored = there.get(named(manifest))
        return stored is not None and self._applied.get(named(manifest)) == (manifest, _version(stored))


def _version(stored: Object) -> Version:
    return str(stored["metadata"].get("uid", "")), str(stored["metadata"].get("resourceVersion", ""))
