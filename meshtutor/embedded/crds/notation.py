"""The compact notation of `schemas/*.yaml`, and its expansion to openAPIV3Schema.

    FIELD: TYPE DESCRIPTION          a `!` behind the field's name: it is required
    _: DESCRIPTION                   of the type itself
    _one_of: [[a, b], [c, d]]        of each of these lists at most one field may be set
    _open: true                      fields that are not listed are kept, and no mistake

    TYPE     string  bool  int32  uint32  uint64  double  bytes  time  any  intOrString  duration (text such as 1.5s)
             [TYPE] a list    {TYPE} a map by text    enum(A|B)    or the name of a type under `types:`
             [TYPE@KEY] a list whose items are told apart by a field
    then     <MIN..MAX> bounds of a number, or of the length of a text, list or map    ? may be null
             =JSON the default, written without blanks

Source of the expansion: the "structural schema" rules of Kubernetes' CustomResourceDefinitions.

Left out: `_one_of` in the schema. Istio's has `oneOf`, which the API server explains as "must validate one and only one
schema"; istio/validation/shape reads `_one_of` instead and names the fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

Schema = dict[str, Any]

_TYPE: Final = re.compile(
    r"(?P<kind>\[[^=]*\]|\{[^=]*\}|enum\([^)]*\)|\w+)(?:<(?P<low>\d*)\.\.(?P<high>\d*)>)?(?P<null>\?)?"
    r"(?:=(?P<default>.+))?"
)
_SUBDOMAIN: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_UINT32: Final = 4294967295
_DURATION_RULE: Final = {
    "rule": "duration(self) >= duration('1ms')",
    "message": "must be a valid duration greater than 1ms",
}
_SCALARS: Final[Mapping[str, Schema]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "uint32": {"type": "integer", "minimum": 0, "maximum": _UINT32},
    "uint64": {"type": "integer", "minimum": 0},
    "double": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "intOrString": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True},
    "duration": {"type": "string", "x-kubernetes-validations": [_DURATION_RULE]},
    "ApiGroup": {
        "type": "string",
        "maxLength": 253,
        "pattern": r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    },
    "KindName": {
        "type": "string",
        "minLength": 1,
        "maxLength": 63,
        "pattern": r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
    },
    "HeaderName": {"type": "string", "minLength": 1, "pattern": r"^[-_A-Za-z0-9]+$"},
    "HttpHeaderName": {
        "type": "string",
        "minLength": 1,
        "maxLength": 256,
        "pattern": r"^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$",
    },
    "Hostname": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": rf"^(\*\.)?{_SUBDOMAIN}$"},
    "Subdomain": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": f"^{_SUBDOMAIN}$"},
    "DnsLabel": {
        "type": "string",
        "minLength": 1,
        "maxLength": 63,
        "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    },
    "ControllerName": {
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "pattern": rf"^{_SUBDOMAIN}\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$",
    },
    "ShortDuration": {"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"},
    "RedirectStatus": {"type": "integer", "enum": [301, 302, 303, 307, 308]},
}
_BOUNDS: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


@dataclass(frozen=True)
class FieldType:
    """A TYPE taken apart: `item` is the type of a list's or map's values, `names` an enum's words.

    `key` is the field that tells a list's items apart, `default` JSON.
    """

    form: str
    low: str = ""
    high: str = ""
    nullable: bool = False
    item: FieldType | None = None
    names: tuple[str, ...] = ()
    key: str = ""
    default: str = ""

    @classmethod
    def parse(cls, text: str) -> FieldType:
        """Read a TYPE; ValueError names one that cannot be read."""
        found = _TYPE.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a type of the compact notation")
        kind, low, high, null = found["kind"], found["low"] or "", found["high"] or "", bool(found["null"])
        default = found["default"] or ""
        if kind[0] in "[{":
            item, _, key = kind[1:-1].partition("@")
            form = "array" if kind[0] == "[" else "map"
            return cls(form, low, high, null, cls.parse(item), key=key, default=default)
        if kind.startswith("enum("):
            return cls("enum", low, high, null, names=tuple(kind[5:-1].split("|")), default=default)
        return cls(kind, low, high, null, default=default)


@dataclass(frozen=True)
class Field:
    """One line of the notation."""

    name: str
    required: bool
    type: FieldType
    description: str


@dataclass(frozen=True)
class ObjectType:
    """A kind's spec or a named type."""

    raw: Mapping[str, Any]

    @property
    def description(self) -> str:
        """What the type is."""
        return str(self.raw.get("_", ""))

    @property
    def open(self) -> bool:
        """Whether unknown fields are kept."""
        return bool(self.raw.get("_open"))

    @property
    def one_of(self) -> list[list[str]]:
        """Lists of fields of which at most one may be set."""
        return list(self.raw.get("_one_of", ()))

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Fields by name."""
        found = [_field(key, str(line)) for key, line in self.raw.items() if not key.startswith("_")]
        return {field.name: field for field in found}


def expand(type_: ObjectType, types: Mapping[str, ObjectType]) -> Schema:
    """The openAPIV3Schema of an object type; `types` are those that its fields may name."""
    schema: Schema = {"type": "object"}
    if type_.description:
        schema["description"] = type_.description
    schema["properties"] = {
        field.name: {"description": field.description, **_expand_field(field.type, types)}
        for field in type_.fields.values()
    }
    if required := [field.name for field in type_.fields.values() if field.required]:
        schema["required"] = required
    if type_.open:
        schema["x-kubernetes-preserve-unknown-fields"] = True
    return schema


def _expand_field(type_: FieldType, types: Mapping[str, ObjectType]) -> Schema:
    if type_.form == "enum":
        schema: Schema = {"type": "string", "enum": list(type_.names)}
    elif type_.form == "array" and type_.item:
        schema = {"type": "array", "items": _expand_field(type_.item, types)}
    elif type_.form == "map" and type_.item:
        schema = {"type": "object", "additionalProperties": _expand_field(type_.item, types)}
    elif type_.form in _SCALARS:
        schema = dict(_SCALARS[type_.form])
    else:
        schema = {
            key: value for key, value in expand(types[type_.form], types).items() if key != "description"
        }
    names = _BOUNDS.get(schema.get("type", ""), ("minimum", "maximum"))
    schema |= {key: int(value) for key, value in zip(names, (type_.low, type_.high), strict=True) if value}
    if schema.get("minLength") == 0 or schema.get("minItems") == 0 or schema.get("minProperties") == 0:
        del schema[names[0]]
    if type_.key:
        schema |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [type_.key]}
    if type_.default:
        schema["default"] = json.loads(type_.default)
    return {**schema, "nullable": True} if type_.nullable else schema


def _field(key: str, line: str) -> Field:
    type_, _, description = line.partition(" ")
    return Field(key.rstrip("!"), key.endswith("!"), FieldType.parse(type_), description)
