"""Schemas as OpenAPI components: each of the client's models one component, referred to by `$ref`.

Descriptions are read from the client's source text here, when a document is made, and kept nowhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any, Final

from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.schema import builtin
from meshtutor.embedded.apiserver.schema.builtin import MODEL

_FIELD: Final = re.compile(r'^    (\w+): .*?\bdescription=("(?:[^"\\]|\\.)*")\)?$', re.MULTILINE)
_FIELD_BEFORE_37: Final = re.compile(r'"""Gets the (\w+) of this \w+\.[^\n]*\n\n\s+(.*?)\s*# noqa', re.DOTALL)
_SUMMARY: Final = re.compile(r'^class \w+\(BaseModel\):\n    """\n\s*(.+?)\n', re.MULTILINE)
_MODEL_NAME: Final = re.compile(r"(?:[A-Z][a-z]+)?(V\d+(?:(?:alpha|beta)\d+)?)(.+)")
_INT_OR_STRING: Final = {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}
Schema = Mapping[str, Any]


class Models:
    """The components of one document."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}

    def add(self, resource: Resource, version: str) -> str:
        """Add a resource's schema with all it refers to; answers its component's name."""
        schema, kind = resource.schema(version) or {"type": "object"}, resource.kind
        if MODEL in schema:
            name = self._model(schema)
        else:
            name = ".".join([*reversed(kind.group.split(".")), version, kind.kind])
            self.schemas[name] = self._plain(schema, "")
        about = {"group": kind.group, "version": version, "kind": kind.kind}
        self.schemas[name]["x-kubernetes-group-version-kind"] = [about]
        return name

    def _model(self, schema: Schema) -> str:
        model = schema[MODEL]
        name = _component(model)
        if name not in self.schemas:
            made = self.schemas[name] = {}
            described = _descriptions(builtin.source(model))
            made.update(self._plain(schema, described.get("", "")))
            for key, child in made.get("properties", {}).items():
                if told := described.get(key) or self._of_reference(child):
                    made["properties"][key] = {**child, "description": told}
        return name

    def _of_reference(self, child: Schema) -> str:
        """A field of which the client says nothing is what its model is."""
        for part in child.get("allOf") or ():
            referred = self.schemas.get(part["$ref"].rpartition("/")[2]) or {}
            return str(referred.get("description", ""))
        return ""

    def _schema(self, schema: Schema) -> dict[str, Any]:
        if MODEL in schema:
            return {"allOf": [{"$ref": f"#/components/schemas/{self._model(schema)}"}]}
        return self._plain(schema, "")

    def _plain(self, schema: Schema, description: str) -> dict[str, Any]:
        made = {k: v for k, v in schema.items() if k != MODEL}
        if made.get("x-kubernetes-int-or-string"):
            made.update(_INT_OR_STRING)
        if description:
            made["description"] = description
        if "properties" in made:
            made["properties"] = {key: self._schema(child) for key, child in made["properties"].items()}
        for name in ("items", "additionalProperties"):
            if isinstance(made.get(name), Mapping):
                made[name] = self._schema(made[name])
        return made


def _component(model: str) -> str:
    """`io.k8s.api.v1.PodSpec` for V1PodSpec; kubectl explain prints the last part."""
    found = _MODEL_NAME.fullmatch(model)
    assert found is not None, model
    return f"io.k8s.api.{found[1].lower()}.{found[2]}"


def _descriptions(text: str) -> dict[str, str]:
    """Descriptions of a model's fields by their JSON names; "" is the model itself."""
    found = {own: str(ast.literal_eval(quoted)) for own, quoted in _FIELD.findall(text)}
    found.update((own, " ".join(told.split())) for own, told in _FIELD_BEFORE_37.findall(text))
    json_names = builtin.names(text)
    described = {json_names[own]: told for own, told in found.items() if own in json_names}
    if summary := _SUMMARY.search(text):
        described[""] = summary[1]
    return described
