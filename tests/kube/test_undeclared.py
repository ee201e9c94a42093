"""What server-side apply says of fields that no schema declares, and an object without them.

The messages are those of kube-apiserver 1.35; tests/real/test_client.py holds them against a real one.
"""

from __future__ import annotations

import pytest

from meshtutor.kube.undeclared import undeclared, without

TYPED = "failed to create typed patch object (default/r; networking.istio.io/v1, Kind=VirtualService): "


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        (".spec.htpp: field not declared in schema", [".spec.htpp"]),
        (
            "errors:\n  .spec.http[0].tme: field not declared in schema\n  .spec.x: field not declared in schema",
            [".spec.http[0].tme", ".spec.x"],
        ),
        ("errors:\n  .spec.hosts: expected list, got &{a}\n  .spec.x: field not declared in schema", []),
        (".spec.hosts: expected list, got &{a}", []),
    ],
)
def test_only_a_refusal_for_nothing_but_unknown_fields_names_them(message, paths):
    assert undeclared(TYPED + message) == paths
    assert undeclared(message) == [], "the same words in another refusal mean something else"


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        ([".a"], {"list": [{"name": "x", "y": 1, "z": 2}]}),
        ([".list[0].y"], {"a": 1, "list": [{"name": "x", "z": 2}]}),
        (['.list[name="x"].z', ".a"], {"list": [{"name": "x", "y": 1}]}),
        ([".nothing.here", ".list[7].y", '.list[name="nobody"].y'], {"a": 1, "list": [{"name": "x", "y": 1, "z": 2}]}),
    ],
)  # fmt: skip
def test_an_object_without_fields_is_a_copy(paths, left):
    given = {"a": 1, "list": [{"name": "x", "y": 1, "z": 2}]}
    assert without(given, paths) == left
    assert given["a"] == 1
