"""Structural schemas: what a reader drops and fills in, and what the check says."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.schema.builtin import built_in_schema
from meshtutor.embedded.apiserver.schema.checking import check
from meshtutor.embedded.apiserver.schema.reading import Reader
from meshtutor.kube.kinds import BUILT_IN, POD, SERVICE

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


READ = [
    (of(a=STRING), {"a": "x", "b": 1}, {"a": "x"}, ["b"]),
    (of(a=of(b=STRING)), {"a": {"c": {}}}, {"a": {}}, ["a.c"]),
    (of(a={"type": "array", "items": of(b=STRING)}), {"a": [{"c": 1}]}, {"a": [{}]}, ["a[0].c"]),
    ({"type": "object", "additionalProperties": of(b=STRING)}, {"x": {"c": 1}}, {"x": {}}, ["x.c"]),
    ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"x": {"c": 1}}, {"x": {"c": 1}}, []),
    ({**of(a=STRING), "x-kubernetes-preserve-unknown-fields": True}, {"x": 1}, {"x": 1}, []),
    (of(a=STRING), {"a": None}, {}, []),
    (of(a={**STRING, "nullable": True}), {"a": None}, {"a": None}, []),
    (of(a={**STRING, "default": "d"}), {}, {"a": "d"}, []),
    (of(a={**of(b={**INTEGER, "default": 1}), "default": {}}), {"a": {}}, {"a": {"b": 1}}, []),
    (of(a=STRING), {"a": {"not": "a string"}}, {"a": {"not": "a string"}}, []),
    ({"type": "object"}, {"a": 1}, {}, ["a"]),
]


@pytest.mark.parametrize(("schema", "value", "expected", "unknown"), READ)
def test_reading(schema: Any, value: Any, expected: Any, unknown: list[str]) -> None:
    reader = Reader(custom=True)
    assert reader.read(value, schema) == expected
    assert reader.unknown == unknown


def test_a_null_in_a_map_is_empty_for_a_struct_and_wrong_for_a_custom_kind() -> None:
    """istiod creates its Secret with nulls in `data`, as Go's encoder writes nil slices."""
    schema = {"type": "object", "additionalProperties": STRING}
    assert Reader(custom=False).read({"a": None, "b": "x"}, schema) == {"a": "", "b": "x"}
    assert check(Reader(custom=True).read({"a": None}, schema), schema)[0].path == "a"


def test_the_copy_shares_nothing_with_what_was_read() -> None:
    value = {"a": {"b": [1]}}
    schema = of(a={"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    copy = Reader(custom=False).read(value, schema)
    copy["a"]["b"].append(2)
    assert value == {"a": {"b": [1]}}


ONE_OF = {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
CHECKED = [
    (of(a=INTEGER), {"a": "1"}, "a", "must be of type integer"),
    (of(a=INTEGER), {"a": True}, "a", "must be of type integer"),
    (of(a={"type": "number"}), {"a": 1}, "", ""),
    (of(a=INTEGER), {"a": 2.0}, "", ""),
    (of(a={"type": "boolean"}), {"a": "true"}, "a", "must be of type boolean"),
    (of(a={"x-kubernetes-int-or-string": True}), {"a": "50%"}, "", ""),
    (of(a={"x-kubernetes-int-or-string": True}), {"a": []}, "a", "must be of type integer,string"),
    (of(a={**STRING, "enum": ["x", "y"]}), {"a": "z"}, "a", 'supported values: "x", "y"'),
    (of(a={**STRING, "pattern": "^v[0-9]$"}), {"a": "w1"}, "a", "should match '^v[0-9]$'"),
    (of(a={**STRING, "minLength": 2}), {"a": "x"}, "a", "at least 2 chars long"),
    (of(a={**STRING, "maxLength": 2}), {"a": "xyz"}, "a", "Too long"),
    (of(a={**INTEGER, "minimum": 1}), {"a": 0}, "a", "greater than or equal to 1"),
    (of(a={**INTEGER, "minimum": 1, "exclusiveMinimum": True}), {"a": 1}, "a", "greater than 1"),
    (of(a={**INTEGER, "maximum": 1}), {"a": 2}, "a", "less than or equal to 1"),
    (of(a={"type": "array", "minItems": 1}), {"a": []}, "a", "at least 1 items"),
    (of(a={"type": "array", "maxItems": 1}), {"a": [1, 2]}, "a", "Too many: 2"),
    ({**of(a=STRING), "required": ["a"]}, {}, "a", "Required value"),
    ({**of(a=STRING), "minProperties": 1}, {}, "", "at least 1 properties"),
    (of(a={**of(a=STRING, b=STRING), **ONE_OF}), {"a": {"a": "1", "b": "2"}}, "a", "one and only one schema"),
    (of(a={**of(a=STRING, b=STRING), **ONE_OF}), {"a": {"b": "2"}}, "", ""),
    (
        of(a={**STRING, "anyOf": [{"pattern": "^x"}, {"pattern": "^y"}]}),
        {"a": "z"},
        "a",
        "at least one schema",
    ),
    (of(a={**STRING, "allOf": [{"maxLength": 1}]}), {"a": "zz"}, "a", "Too long"),
    (of(a={**of(b=STRING), "not": {"required": ["b"]}}), {"a": {"b": ""}}, "a", "must not validate"),
    (of(a={**STRING, "format": "date-time"}), {"a": "yesterday"}, "a", "date-time"),
    (of(a={"type": "object", "additionalProperties": INTEGER}), {"a": {"x": "y"}}, "a.x", "of type integer"),
    (
        of(a={"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"]}),
        {"a": [{"n": "x"}, {"n": "x"}]},
        "a[1]",
        "Duplicate value",
    ),
    (of(a={"type": "array", "x-kubernetes-list-type": "set"}), {"a": ["x", "x"]}, "a[1]", "Duplicate value"),
]


@pytest.mark.parametrize(("schema", "value", "path", "text"), CHECKED)
def test_checking(schema: Any, value: Any, path: str, text: str) -> None:
    errors = check(value, schema)
    if not text:
        assert errors == []
    else:
        assert [error.path for error in errors] == [path]
        assert text in errors[0].message


@pytest.mark.parametrize("kind", BUILT_IN, ids=[kind.kind for kind in BUILT_IN])
def test_every_built_in_kind_has_a_schema_with_the_common_fields(kind: Any) -> None:
    schema = built_in_schema(kind)
    assert {"apiVersion", "kind", "metadata"} <= set(schema["properties"])
    assert schema["properties"]["metadata"]["properties"]["labels"]["additionalProperties"] == STRING


def test_the_schema_of_a_pod_knows_types_and_merge_keys() -> None:
    spec = built_in_schema(POD)["properties"]["spec"]["properties"]
    containers = spec["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["items"]["required"] == ["name"]
    ports = containers["items"]["properties"]["ports"]
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert spec["tolerations"]["x-kubernetes-list-type"] == "atomic"
    assert spec["hostNetwork"] == {"type": "boolean"}
    port = built_in_schema(SERVICE)["properties"]["spec"]["properties"]["ports"]["items"]["properties"]
    assert port["targetPort"] == {"x-kubernetes-int-or-string": True}
