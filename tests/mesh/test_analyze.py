"""What `mesh.analyze` finds on a live mesh, and where it says it stands."""

from __future__ import annotations

import pytest

import meshtutor as mt
from tests.mesh.situations import SUBSETS, rules, to


@pytest.fixture
def mesh(lab):
    with mt.connect() as connected:
        connected.reset()
        yield connected
        connected.reset()


def test_a_mesh_as_it_comes_has_nothing_to_say(mesh):
    found = mesh.analyze()
    assert found
    assert repr(found) == "No error and no warning."


def test_a_missing_subset_is_found_with_file_and_line_and_gone_when_it_is_mended(mesh, tmp_path):
    file = tmp_path / "canary.yaml"
    file.write_text(rules(f"{{route: [{to('v4')}]}}"))
    mesh.apply(SUBSETS.replace("version: v9", "version: v1"))
    mesh.apply(str(file))
    found = mesh.analyze()
    (error,) = found.errors
    assert (error.code, error.where) == ("IST0101", f"{file}:9")
    assert "v4" in error.message
    assert not found
    assert "IST0101" in found._repr_html_()
    assert "v4" in repr(found)
    mesh.apply(SUBSETS.replace("name: nobody", "name: v4"))
    assert mesh.analyze().codes == {"IST0173"}, "v4 is a subset now, but not one that a pod is in"


def test_pods_from_before_injection_are_found(mesh):
    mesh.reset(injection=False)
    mesh.label("Namespace", "default", {"istio-injection": "enabled"})
    found = mesh.analyze()
    assert found.codes == {"IST0103"}
    assert len(found) == len(mesh.pods())


WRONG = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: wrong}
spec:
  metrics:
  - providers: [{name: promethues}]
"""


def test_a_provider_that_the_mesh_does_not_have_is_told_at_apply_and_by_analyze(mesh):
    (warning,) = mesh.apply(WRONG).warnings
    assert "no provider 'promethues'" in warning
    assert "prometheus (prometheus)" in warning
    assert "jaeger (opentelemetry)" in warning
    (found,) = mesh.analyze()
    assert (found.severity, found.path) == ("warning", "spec.metrics[0].providers[0].name")
    assert "did you mean 'prometheus'" in found.hint
