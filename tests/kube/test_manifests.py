"""What can be read as manifests, and what the reader says where it cannot."""

from __future__ import annotations

import pytest

from meshtutor.errors import ManifestError
from meshtutor.kube.manifests import load

RULE = """\
# what changes: nothing
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts: [reviews]
  http:
  - route:
    - destination:
        host: reviews
        subset: v1
      weight: 90
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"


def test_every_field_is_found_on_its_line():
    found = load(RULE)
    where = found.origin(found[0])
    assert where.line == 2
    assert where.line_of("spec.http[0].route[0].weight") == 13
    assert where.line_of("spec.http[0].route[0].destination.subset") == 12


def test_a_field_that_is_absent_is_placed_at_the_nearest_field_around_it():
    where = load(RULE).origins[0]
    assert where.line_of("spec.http[0].route[0].destination.port.number") == 10
    assert where.line_of("spec.tcp[3]") == 6


def test_the_second_document_knows_its_number_and_line(tmp_path):
    (tmp_path / "two.yaml").write_text(MAP.format("a") + "---\n" + RULE)
    found = load(tmp_path / "two.yaml")
    assert [o.document for o in found.origins] == [1, 2]
    assert found.origins[1].where("kind").endswith("two.yaml:8")


def test_a_list_is_taken_apart_and_its_items_keep_their_lines():
    first = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
    found = load(first + "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\n")
    assert [o["metadata"]["name"] for o in found] == ["a", "b"]
    assert [o.line_of("metadata.name") for o in found.origins] == [4, 8]


def test_a_directory_is_read_by_name_and_not_recursively(tmp_path):
    for name in ("b.yaml", "a.yml"):
        (tmp_path / name).write_text(MAP.format(name))
    (tmp_path / "c.json").write_text('{"apiVersion":"v1",\n\t"kind":"Pod",\n\t"metadata":{"name":"c"}}')
    (tmp_path / "notes.txt").write_text("not: [a manifest")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "d.yaml").write_text(MAP.format("d"))
    assert [o["metadata"]["name"] for o in load(tmp_path)] == ["a.yml", "b.yaml", "c"]
    assert [o["metadata"]["name"] for o in load(f"{tmp_path}/inner/")] == ["d"]


def test_globs_and_lists_keep_their_order(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(MAP.format(name))
    monkeypatch.chdir(tmp_path)
    assert len(load(f"{tmp_path}/*.yaml")) == 2
    found = load([RULE, "*.yaml"], {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})
    assert [o["metadata"]["name"] for o in found] == ["reviews", "a", "b", "p"]


def test_the_studys_own_manifests_are_found_from_any_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(load("manifests/bookinfo/")) > 10


def test_an_object_is_not_changed_and_a_dict_is_not_shared():
    mine = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    found = load(mine)
    assert found[0] == mine
    assert found[0] is not mine


def test_manifests_laid_over_others_take_the_place_of_those_of_the_same_name():
    below = load(
        "kind: A\napiVersion: v1\nmetadata: {name: x}\n---\nkind: A\napiVersion: v1\nmetadata: {name: y}\n"
    )
    found = below.overlaid(
        load({"kind": "A", "apiVersion": "v1", "metadata": {"name": "x", "labels": {"new": "1"}}})
    )
    assert [
        (obj["metadata"]["name"], origin.name) for obj, origin in zip(found, found.origins, strict=True)
    ] == [
        ("y", "the YAML text"),
        ("x", "the dict"),
    ]
    assert found[1]["metadata"]["labels"] == {"new": "1"}


def test_values_are_read_as_kubectl_reads_them():
    data = load(
        MAP.format("m") + "data: {d: 2020-01-01, t: 22:22, o: 010, w: 1.0, e: 1e3, 80: x, y: yes, n: ~}"
    )[0]["data"]
    assert data == {
        "d": "2020-01-01",
        "t": "22:22",
        "o": 8,
        "w": 1,
        "e": 1000,
        "80": "x",
        "y": True,
        "n": None,
    }


def test_anchors_and_merge_keys_are_resolved():
    found = load(MAP.format("m") + "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")[0]
    assert found["b"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c\n", "line 1: mapping values are not allowed"),
        ("a:\n\tb: c\n", "line 2"),
        (MAP.format("a") + "  name: b\n", "line 5: the key 'name' is there already, on line 4"),
        (MAP.format("a") + "---\nkind: Pod\n", "document 2, line 6: apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "kind is missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\nname: a\n", "line 3: this Pod has no metadata.name"),
        ("- a: 1\n", "expected a Kubernetes object, found a list"),
        ("apiVersion: v1\nkind: List\nitems: [{kind: Pod}]\n", "line 3: apiVersion is missing"),
        ("a: 'open\n", "unexpected end of stream"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: .nan\n", "JSON cannot say"),
        ("a: &x [*x]\n", "contains an alias of itself"),
        ("a: " + "[" * 9999 + "\n", "nest"),  # PyYAML's own limit, or else
        ("\n".join(" " * n + "a:" for n in range(400)) + " b\n", "nested more than"),
        ("a: \x07\n", "control characters are not allowed"),
        ("# only a comment\n", "no Kubernetes object in the YAML text"),
        ("no-such-file.yaml", "neither a file, a directory nor a glob"),
    ],
)
def test_what_cannot_be_read_is_refused_by_file_document_and_line(text, said):
    with pytest.raises(ManifestError) as refusal:
        load(text)
    assert said in refusal.value.message
    assert refusal.value.hint


def test_tabs_are_named_as_the_cause():
    with pytest.raises(ManifestError) as refusal:
        load("apiVersion: v1\nmetadata:\n\tname: x\n")
    assert "tabs" in refusal.value.hint


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4\n")
    with pytest.raises(ManifestError, match=r"latin\.yaml is not UTF-8"):
        load(tmp_path / "latin.yaml")


def test_aliases_that_unfold_without_bound_are_refused():
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdef", "bcdefg", strict=True)
    )
    with pytest.raises(ManifestError, match="values in one document"):
        load(bomb)
