"""JSON merge patch (RFC 7386): null deletes, objects merge, everything else is replaced."""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.apiserver.values import clone


def merge(target: Any, patch: Any) -> Any:
    """The patched value; parts that did not change are shared with `target`."""
    if not isinstance(patch, dict):
        return clone(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
