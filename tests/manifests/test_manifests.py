"""The study's YAML: it parses, says what it changes, and carries the application that lies beside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from meshtutor.config import study
from meshtutor.kube import kinds, objects
from meshtutor.kube.manifests import load

MANIFESTS = study() / "manifests"
FILES = sorted(MANIFESTS.glob("*/*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_first_line_says_what_changes_for_the_traffic(file: Path):
    first = file.read_text().splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")
    assert 30 < len(first) < 140


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_object_is_of_a_known_kind_and_named_once(file: Path):
    found = load(file)
    assert all(kinds.kind_of(obj) for obj in found)
    assert len({objects.ObjectKey.of(obj) for obj in found}) == len(found)


def test_the_config_maps_carry_the_program_that_lies_beside_them():
    spec = importlib.util.spec_from_file_location("generate", MANIFESTS / "generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.main(["--check"]) == 0, "run `make generate`"
    for carrier in generate.CARRIERS:
        (config,) = [obj for obj in load(MANIFESTS / carrier) if obj["kind"] == "ConfigMap"]
        assert set(config["data"]) == {"app.py", "calls.py", "faults.py", "page.html", "page.py", "web.py"}
        for name, text in config["data"].items():
            assert text == (MANIFESTS / "bookinfo" / "app" / name).read_text()


def test_the_application_has_bookinfos_names():
    found = [f"{obj['kind']}/{obj['metadata']['name']}" for obj in load(MANIFESTS / "bookinfo")]
    for version in ("v1", "v2", "v3"):
        assert f"Deployment/reviews-{version}" in found
    for name in ("productpage", "details", "reviews", "ratings", "client"):
        assert f"Service/{name}" in found
        assert f"ServiceAccount/bookinfo-{name}" in found


def test_every_pod_can_be_selected_probed_and_bounded():
    for obj in load(MANIFESTS / "bookinfo"):
        if obj["kind"] != "Deployment":
            continue
        template = obj["spec"]["template"]
        assert obj["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        (container,) = template["spec"]["containers"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/health"
        assert container["resources"]["limits"]["memory"]
        assert template["spec"]["serviceAccountName"].startswith("bookinfo-")
        said = {entry["name"]: entry["value"] for entry in container["env"]}
        assert said["SERVICE"] == template["metadata"]["labels"]["app"]
        assert said["VERSION"] == template["metadata"]["labels"]["version"]


def test_no_manifest_names_the_learners_namespace_which_may_be_any():
    named = {
        obj["metadata"]["namespace"] for file in FILES for obj in load(file) if "namespace" in obj["metadata"]
    }
    assert named <= {"outside", "partner", "marketing", "istio-system"}, (
        "whoever stands outside, another team, the operator"
    )


def test_the_pods_of_the_lesson_on_places_differ_from_the_studys_in_their_place_only():
    study_has = {
        obj["metadata"]["name"]: obj for obj in load(MANIFESTS / "bookinfo") if obj["kind"] == "Deployment"
    }
    for obj in load(MANIFESTS / "10_prefer_near_pods" / "two-regions.yaml"):
        name = obj["metadata"]["name"]
        place = obj["spec"]["template"]["spec"].pop("nodeSelector")
        assert set(place) == {"topology.kubernetes.io/region"}
        if name == "tourist":
            continue
        obj["spec"]["replicas"] = study_has[name]["spec"]["replicas"]
        assert obj == study_has[name]
