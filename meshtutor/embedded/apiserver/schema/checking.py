"""What is wrong with a value, by its structural schema: types, enumerations, patterns, bounds, logical junctors.

Messages are those of the validator that apiextensions-apiserver uses (k8s.io/kube-openapi/pkg/validation).
Left out: `x-kubernetes-validations` (CEL), and formats other than date-time and byte.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from meshtutor.embedded.apiserver.statuses import (
    FieldError,
    duplicate,
    invalid_value,
    not_supported,
    required,
    wrong_type,
)

Schema = Mapping[str, Any]
_NAMES: Final = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def check(value: Any, schema: Schema, path: str = "") -> list[FieldError]:
    """Everything that is wrong with a value at a path."""
    return list(_check(value, schema, path))


def _check(value: Any, schema: Schema, path: str) -> Iterator[FieldError]:
    if value is None:
        if not schema.get("nullable") and "type" in schema:
            yield wrong_type(path, None, f'{path} in body must be of type {schema["type"]}: "null"')
        return
    if (told := _type_error(value, schema, path)) is not None:
        yield told
        return
    if type(value) is dict:
        yield from _check_object(value, schema, path)
    elif type(value) is list:
        yield from _check_list(value, schema, path)
    else:
        yield from _check_scalar(value, schema, path)
    if "allOf" in schema or "anyOf" in schema or "oneOf" in schema or "not" in schema:
        yield from _check_junctors(value, schema, path)


def _type_error(value: Any, schema: Schema, path: str) -> FieldError | None:
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, int | str | float) and not isinstance(value, bool):
            return None
        expected = "integer,string"
    else:
        expected = schema.get("type", "")
        found = _NAMES.get(type(value), type(value).__name__)
        whole = found == "number" and expected == "integer" and float(value).is_integer()
        if not expected or found == expected or whole or (found == "integer" and expected == "number"):
            return None
    found = _NAMES.get(type(value), type(value).__name__)
    return wrong_type(path, found, f'{path} in body must be of type {expected}: "{found}"')


def _check_object(value: dict[str, Any], schema: Schema, path: str) -> Iterator[FieldError]:
    for name in schema.get("required") or ():
        if name not in value:
            yield required(_join(path, name))
    properties = schema.get("properties") or {}
    rest = schema.get("additionalProperties")
    for key, item in value.items():
        child = properties.get(key, rest)
        if isinstance(child, Mapping):
            yield from _check(item, child, _join(path, key))
    if len(value) < schema.get("minProperties", 0):
        yield _bound(path, value, f"should have at least {schema['minProperties']} properties")
    if len(value) > schema.get("maxProperties", len(value)):
        yield _bound(path, value, f"should have at most {schema['maxProperties']} properties")


def _check_list(value: list[Any], schema: Schema, path: str) -> Iterator[FieldError]:
    if isinstance(items := schema.get("items"), Mapping):
        for i, item in enumerate(value):
            yield from _check(item, items, f"{path}[{i}]")
    if len(value) < schema.get("minItems", 0):
        yield _bound(path, len(value), f"{path} in body should have at least {schema['minItems']} items")
    if len(value) > schema.get("maxItems", len(value)):
        yield FieldError(
            path, "FieldValueTooMany", f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
        )
    yield from _check_unique(value, schema, path)


def _check_unique(value: list[Any], schema: Schema, path: str) -> Iterator[FieldError]:
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("map", "set") or "x-kubernetes-patch-strategy" in schema:
        return
    seen: set[str] = set()
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    for i, item in enumerate(value):
        named = {k: item.get(k) for k in keys} if kind == "map" and isinstance(item, dict) else item
        if repr(named) in seen:
            yield duplicate(f"{path}[{i}]", named)
        seen.add(repr(named))


def _check_scalar(value: Any, schema: Schema, path: str) -> Iterator[FieldError]:
    if "enum" in schema and value not in schema["enum"]:
        yield not_supported(path, value, [str(v) for v in schema["enum"]])
    if isinstance(value, str):
        yield from _check_text(value, schema, path)
    elif not isinstance(value, bool):
        yield from _check_number(value, schema, path)


def _check_text(value: str, schema: Schema, path: str) -> Iterator[FieldError]:
    pattern = schema.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        yield invalid_value(path, value, f"{path} in body should match '{pattern}'")
    if len(value) < schema.get("minLength", 0):
        detail = f"{path} in body should be at least {schema['minLength']} chars long"
        yield invalid_value(path, value, detail)
    if len(value) > schema.get("maxLength", len(value)):
        message = f"Too long: may not be more than {schema['maxLength']} bytes"
        yield FieldError(path, "FieldValueTooLong", message)
    if schema.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
        yield invalid_value(path, value, f'{path} in body must be of type date-time: "{value}"')
    if schema.get("format") == "byte" and not _is_base64(value):
        yield invalid_value(path, value, f'{path} in body must be of type byte: "{value}"')


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        return False
    return True


def _check_number(value: float, schema: Schema, path: str) -> Iterator[FieldError]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value < low or (value == low and schema.get("exclusiveMinimum"))):
        word = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield invalid_value(path, value, f"{path} in body should be {word} {low}")
    if high is not None and (value > high or (value == high and schema.get("exclusiveMaximum"))):
        word = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield invalid_value(path, value, f"{path} in body should be {word} {high}")


def _check_junctors(value: Any, schema: Schema, path: str) -> Iterator[FieldError]:
    for each in schema.get("allOf") or ():
        yield from _check(value, each, path)
    if "anyOf" in schema and not any(_fits(value, each, path) for each in schema["anyOf"]):
        yield invalid_value(path, "", f'"{path}" must validate at least one schema (anyOf)')
    if "oneOf" in schema:
        fitting = sum(_fits(value, each, path) for each in schema["oneOf"])
        if fitting != 1:
            detail = f'"{path}" must validate one and only one schema (oneOf). '
            found = f"Found {fitting} valid alternatives" if fitting else "Found none valid"
            yield invalid_value(path, "", detail + found)
    if "not" in schema and _fits(value, schema["not"], path):
        yield invalid_value(path, "", f'"{path}" must not validate the schema (not)')


def _fits(value: Any, schema: Schema, path: str) -> bool:
    return next(_check(value, schema, path), None) is None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Go's RE2, which Python's engine reads alike but for its sign for the end of the text."""
    return re.compile(pattern.replace(r"\z", r"\Z"))


def _bound(path: str, value: Any, detail: str) -> FieldError:
    return invalid_value(path, value, detail)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
