"""Merge, JSON and strategic merge patches, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.patches.merge import merge
from meshtutor.embedded.apiserver.patches.operations import json_patch
from meshtutor.embedded.apiserver.patches.strategic import strategic_merge
from meshtutor.embedded.apiserver.schema.builtin import built_in_schema
from meshtutor.embedded.apiserver.values import clone
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import DEPLOYMENT

# RFC 7386, appendix A
MERGE = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "expected"), MERGE)
def test_merge_patch(target: Any, patch: Any, expected: Any) -> None:
    before = clone(target)
    assert merge(target, patch) == expected
    assert target == before


def test_json_patch_and_its_refusals() -> None:
    target = {"a": [1, 2]}
    assert json_patch(target, [{"op": "add", "path": "/a/-", "value": 3}]) == {"a": [1, 2, 3]}
    assert target == {"a": [1, 2]}
    for bad, code in (
        ({"op": "add"}, 400),
        ([{"op": "juggle", "path": "/a"}], 400),
        ([{"op": "test", "path": "/a", "value": 1}], 422),
        ([{"op": "remove", "path": "/nowhere/b"}], 422),
    ):
        with pytest.raises(ApiStatusError) as refused:
            json_patch(target, bad)
        assert refused.value.code == code


def containers(*items: Any, **more: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(items), **more}}}}


A, B = {"name": "a", "image": "1"}, {"name": "b", "image": "1"}
STRATEGIC = {
    "an element is merged by its key": (
        containers(A, B),
        containers({"name": "b", "image": "2"}),
        containers(A, {"name": "b", "image": "2"}),
    ),
    "a new element comes first": (containers(A), containers(B), containers(B, A)),
    "an element is deleted": (containers(A, B), containers({"name": "a", "$patch": "delete"}), containers(B)),
    "a list is replaced": (containers(A, B), containers({"$patch": "replace"}, B), containers(B)),
    "an object is replaced": (
        {"metadata": {"labels": {"a": "1"}}},
        {"metadata": {"labels": {"$patch": "replace", "b": "2"}}},
        {"metadata": {"labels": {"b": "2"}}},
    ),
    "an object is deleted": (
        {"spec": {"strategy": {"type": "Recreate"}, "replicas": 1}},
        {"spec": {"strategy": {"$patch": "delete"}}},
        {"spec": {"replicas": 1}},
    ),
    "null deletes": (
        {"spec": {"replicas": 1, "paused": True}},
        {"spec": {"paused": None}},
        {"spec": {"replicas": 1}},
    ),
    "keys not retained go": (
        {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}},
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
        {"spec": {"strategy": {"type": "Recreate"}}},
    ),
    "primitives merge as a set": (
        {"metadata": {"finalizers": ["a/a"]}},
        {"metadata": {"finalizers": ["b/b", "a/a"]}},
        {"metadata": {"finalizers": ["b/b", "a/a"]}},
    ),
    "primitives are deleted from a list": (
        {"metadata": {"finalizers": ["a/a", "b/b"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/a"]}},
        {"metadata": {"finalizers": ["b/b"]}},
    ),
    "an atomic list is replaced": (
        containers({**A, "args": ["x", "y"]}),
        containers({"name": "a", "args": ["z"]}),
        containers({**A, "args": ["z"]}),
    ),
    "lists in lists merge": (
        containers({**A, "env": [{"name": "X", "value": "1"}]}),
        containers({"name": "a", "env": [{"name": "Y", "value": "2"}]}),
        containers({**A, "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]}),
    ),
    "a volume's source is replaced": (
        containers(A, volumes=[{"name": "v", "emptyDir": {}}]),
        {
            "spec": {
                "template": {
                    "spec": {
                        "volumes": [
                            {"$retainKeys": ["name", "secret"], "name": "v", "secret": {"secretName": "s"}}
                        ]
                    }
                }
            }
        },
        containers(A, volumes=[{"name": "v", "secret": {"secretName": "s"}}]),
    ),
}


@pytest.mark.parametrize("case", STRATEGIC)
def test_strategic_merge(case: str) -> None:
    target, patch, expected = STRATEGIC[case]
    before = clone(target)
    assert strategic_merge(target, patch, built_in_schema(DEPLOYMENT)) == expected
    assert target == before


def test_the_order_of_elements_follows_the_directive() -> None:
    c = {"name": "c", "image": "1"}
    spec = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
        "containers": [{"name": "a", "image": "2"}],
    }
    patch = {"spec": {"template": {"spec": spec}}}
    changed = strategic_merge(containers(A, B, c), patch, built_in_schema(DEPLOYMENT))
    names = [item["name"] for item in changed["spec"]["template"]["spec"]["containers"]]
    assert names == ["b", "a", "c"]


def test_an_element_without_its_key_is_refused() -> None:
    with pytest.raises(ApiStatusError, match="lacks its merge key 'name'"):
        strategic_merge(containers(A), containers({"image": "2"}), built_in_schema(DEPLOYMENT))
