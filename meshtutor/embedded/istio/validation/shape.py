"""What the notation of `embedded/crds/schemas` says beyond types: durations, and fields that exclude each other.

One walk over the object along its type, so that no check of a kind has to repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.embedded.crds.definitions import spec_type, types
from meshtutor.embedded.crds.notation import FieldType, ObjectType
from meshtutor.embedded.istio.validation import values
from meshtutor.embedded.istio.validation.problem import Problems, error, unless_fine
from meshtutor.kube.kinds import Kind
from meshtutor.kube.objects import join


def check(kind: Kind, spec: Mapping[str, Any]) -> Problems:
    """Durations and exclusive fields anywhere in a spec."""
    return _object(spec, spec_type(kind), "spec")


def _object(value: Mapping[str, Any], type_: ObjectType, path: str) -> Problems:
    for group in type_.one_of:
        if len(there := [name for name in group if name in value]) > 1:
            yield error(
                join(path, there[1]),
                f"only one of {', '.join(group)} can be set, found {' and '.join(there)}",
            )
    for name, content in value.items():
        if name in type_.fields:
            yield from _value(content, type_.fields[name].type, join(path, name))


def _value(value: Any, type_: FieldType, path: str) -> Problems:
    if type_.form == "duration" and isinstance(value, str):
        yield from unless_fine(path, values.duration(value))
    elif type_.item and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(item, type_.item, join(path, index))
    elif type_.item and isinstance(value, dict):
        for key, item in value.items():
            yield from _value(item, type_.item, join(path, key))
    elif isinstance(value, dict) and type_.form in types():
        yield from _object(value, types()[type_.form], path)
