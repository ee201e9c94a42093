"""Fields that no schema declares, as server-side apply speaks of them.

By any other verb the API server drops such a field and sends a warning (`fieldValidation=Warn`). Server-side apply
answers 500 instead, because the field can have no owner (sigs.k8s.io/structured-merge-diff, typed/validate.go:
"field not declared in schema"). Learners should meet one behaviour: the warning. So the client takes the fields out.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Final

_REFUSAL: Final = "failed to create typed patch object"
_FIELD: Final = re.compile(r"(\.\S+): field not declared in schema")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)]|\[([^\]=]+)=\"([^\"]*)\"]")
_UNKNOWN: Final = object()


def undeclared(message: str) -> list[str]:
    """The paths (`.spec.http[0].tme`) in a refusal that complains of nothing else; empty for any other message."""
    if not message.startswith(_REFUSAL):
        return []
    said = message.partition("): ")[2].removeprefix("errors:\n").splitlines()
    found = [_FIELD.fullmatch(line.strip()) for line in said]
    return [match[1] for match in found if match] if all(found) else []


def without(obj: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """A copy of an object without the fields at some paths."""
    bare = copy.deepcopy(obj)
    for path in paths:
        *way, last = _STEP.findall(path)
        around: Any = bare
        for step in way:
            around = _down(around, step)
        if isinstance(around, dict):
            around.pop(last[0], None)
    return bare


def _down(value: Any, step: tuple[str, str, str, str]) -> Any:
    """One step of a path: `.name`, `[0]`, or `[name="app"]` in a list whose items have keys."""
    name, index, key, wanted = step
    if name:
        return value.get(name, _UNKNOWN) if isinstance(value, dict) else _UNKNOWN
    if not isinstance(value, list):
        return _UNKNOWN
    if index:
        return value[int(index)] if int(index) < len(value) else _UNKNOWN
    return next((item for item in value if isinstance(item, dict) and str(item.get(key)) == wanted), _UNKNOWN)
