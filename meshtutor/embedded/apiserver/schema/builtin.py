"""Schemas of Kubernetes' own kinds, read from the source text of the official client's models.

The client is generated from Kubernetes' OpenAPI document and carries all of its field names and types, but importing
it costs 40 MB that the lab's process does not have. So the few model files a kind needs are read as text, once each,
and their two tables (`openapi_types`, `attribute_map`) evaluated as literals: some ten milliseconds for a Pod. Works
with every generation of the client that pyproject.toml allows.

Left out: enumerations and value ranges, which Kubernetes does not publish; strategies check those that matter.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from meshtutor.embedded.apiserver.schema import merging
from meshtutor.errors import LabError
from meshtutor.kube import kinds
from meshtutor.kube.kinds import Kind

Schema = dict[str, Any]
MODEL: Final = "x-meshtutor-model"
"""Extension that names the client's model a schema was read from, for `$ref`s in OpenAPI documents."""

_TABLE: Final = r"{name}\b[^=]*= (\{{.*?\n    \}}|\{{\s*\}})"
_TYPES: Final = re.compile(_TABLE.format(name="openapi_types"), re.DOTALL)
_NAMES: Final = re.compile(_TABLE.format(name="attribute_map"), re.DOTALL)
_MANDATORY: Final = re.compile(
    r"^    (\w+): (?!Optional\[|ClassVar\[)[\w\[\], |.]+ = Field\((?!default)", re.MULTILINE
)
_MANDATORY_BEFORE_37: Final = re.compile(r"Invalid value for `(\w+)`, must not be `None`")
_LIST: Final = re.compile(r"[Ll]ist\[(.+)\]")
_MAP: Final = re.compile(r"[Dd]ict[\[(]str, (.+)[\])]")
_WORDS: Final = (re.compile(r"([A-Z]+)([A-Z][a-z])"), re.compile(r"([a-z\d])([A-Z])"))
_PRIMITIVES: Final[dict[str, Schema]] = {
    "str": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
}
_ANYTHING: Final[Schema] = {"x-kubernetes-preserve-unknown-fields": True}
_INT_OR_STRING: Final[Schema] = {"x-kubernetes-int-or-string": True}
_QUANTITY: Final[Schema] = {"x-kubernetes-int-or-string": True, "format": "quantity"}
_UNUSUAL: Final = {kinds.EVENT.resource: "CoreV1Event"}


def built_in_schema(kind: Kind) -> Schema:
    """The schema of a built-in kind."""
    return model(_UNUSUAL.get(kind.resource) or f"V1{kind.kind}")


def metadata_schema() -> Schema:
    """The schema of `metadata`."""
    return model("V1ObjectMeta")


@cache
def model(name: str) -> Schema:
    """The schema of one of the client's models, such as V1Pod. Shared, and circular where the API is."""
    schema: Schema = {"type": "object", MODEL: name}
    _loading[name] = schema
    text = source(name)
    types, names = _table(_TYPES, text), _table(_NAMES, text)
    properties = {json: _field(name, json, types[own]) for own, json in names.items()}
    if needed := sorted(names[own] for own in mandatory(text) if own in names):
        schema["required"] = needed
    if name in merging.ATOMIC_MODELS:
        schema["x-kubernetes-map-type"] = "atomic"
    schema["properties"] = properties
    del _loading[name]
    return schema


_loading: dict[str, Schema] = {}


def source(name: str) -> str:
    """The source text of a model of the official client."""
    snake = name
    for pattern in _WORDS:
        snake = pattern.sub(r"\1_\2", snake)
    path = _models() / f"{snake.lower()}.py"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LabError(
            f"The kubernetes package has no model {name} ({path.name}).", "pip install --upgrade 'kubernetes'"
        ) from None


def mandatory(text: str) -> set[str]:
    """The Python names of the fields that a model cannot be without."""
    return set(_MANDATORY.findall(text)) | set(_MANDATORY_BEFORE_37.findall(text))


def names(text: str) -> dict[str, str]:
    """Python names to JSON names of a model's fields."""
    return _table(_NAMES, text)


@cache
def _models() -> Path:
    spec = find_spec("kubernetes")
    if spec is None or spec.origin is None:
        raise LabError("The kubernetes package is not installed.", "pip install meshtutor")
    return Path(spec.origin).parent / "client" / "models"


def _table(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    found = pattern.search(text)
    return dict(ast.literal_eval(found[1])) if found else {}


def _field(owner: str, name: str, declared: str) -> Schema:
    key = (owner, name)
    if key in merging.FREE:
        return _ANYTHING
    if key in merging.INT_OR_STRING:
        return _INT_OR_STRING
    schema = _of_type(declared, _QUANTITY if key in merging.QUANTITIES else None)
    return {**schema, **merging.FIELDS[key]} if key in merging.FIELDS else schema


def _of_type(declared: str, leaf: Schema | None = None) -> Schema:
    """The schema of a declared type; `leaf` takes the place of a string in it."""
    if found := _LIST.fullmatch(declared):
        return {"type": "array", "items": _of_type(found[1], leaf), **merging.list_extensions(found[1])}
    if found := _MAP.fullmatch(declared):
        return {"type": "object", "additionalProperties": _of_type(found[1], leaf)}
    if declared in _PRIMITIVES:
        return leaf if leaf and declared == "str" else _PRIMITIVES[declared]
    if declared == "object":
        return _ANYTHING
    return _loading.get(declared) or model(declared)
