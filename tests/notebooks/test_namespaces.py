"""The same notebooks for everybody: none names a namespace that is each learner's own, or counts for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from meshtutor.config import study
from meshtutor.exercises import answers
from meshtutor.kube import manifests
from meshtutor.kube.naming import BESIDE, STUDY, localized

NOTEBOOKS = sorted((study() / "notebooks").glob("*.ipynb"))
SOLUTIONS = Path(answers.__file__).with_name("solutions")
OWN = "|".join((STUDY, *BESIDE))
# a pod, a host or a trace's service with a namespace behind it; a namespace, or a namespaced thing, by its name
NAMED = re.compile(
    rf"""\.({OWN})(?=[:/"'.]|\.svc)(?!\.example)|namespace=["']({OWN})["']|"namespace", "({OWN})\""""
)
COUNTED = re.compile(r"istio_\w+(_total|_bucket|_sum|_count)")


def code(path: Path) -> Iterator[str]:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and not cell.source.startswith("%%apply"):
            yield cell.source


WRONG = (
    '"reviews.default:9080"',
    '"outsider.outside"',
    'namespace="partner"',
    'label("namespace", "default", {})',
    "http://reviews.default.svc.cluster.local/",
)


@pytest.mark.parametrize("text", WRONG)
def test_this_finds_what_it_looks_for(text: str) -> None:
    assert NAMED.search(text)
    assert not NAMED.search(
        '"http://api.partner.example/details/0", mesh.own_name("partner"), "metadata", "default"'
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_means_the_learners_namespace_wherever_it_is(path: Path) -> None:
    assert [found[0] for source in code(path) for found in NAMED.finditer(source)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_counts_what_happens_in_the_learners_namespace(path: Path) -> None:
    counting = [source for source in code(path) if COUNTED.search(source)]
    everybody = [source for source in counting if "mesh.namespace" not in source and "{mine" not in source]
    assert everybody == []


@pytest.mark.parametrize("path", sorted(SOLUTIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_solution_means_the_learners_namespace(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not NAMED.search(text)
    assert not COUNTED.search(text) or "{mesh.namespace}" in text


def strings(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from strings(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part, key)
    elif isinstance(value, str) and key != "name":  # an object may have any name
        yield value


FILES = sorted([*(study() / "manifests").glob("*/*.yaml"), *SOLUTIONS.glob("*.yaml")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_yaml_refers_to_the_learners_own_once_it_is_read_as_theirs(path: Path) -> None:
    for obj in manifests.load(path):
        read = localized(obj, "student-07")
        parts = [*strings(read["metadata"]), *strings(read.get("spec"))]
        own = re.compile(rf"(^|[./])({OWN})($|/|\.svc)")
        assert [text for text in parts if "\n" not in text and own.search(text)] == []
