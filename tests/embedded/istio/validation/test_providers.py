"""Providers that a Telemetry names, and MeshConfig does not have: told at apply and by `analyze`."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from meshtutor.embedded.apiserver.admission import Request
from meshtutor.embedded.istio.validation import providers
from meshtutor.embedded.istio.validation.admission import references_validator
from meshtutor.embedded.istio.validation.telemetry import check as telemetry_check
from meshtutor.kube import kinds
from meshtutor.providers import analysis

MESH = """
extensionProviders:
- {name: jaeger, opentelemetry: {service: jaeger, port: 4317}}
- {name: otel, envoyOtelAls: {service: collector, port: 4317}}
"""


def mesh_config(mesh: str = MESH) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": mesh},
    }


def telemetry(spec: str, namespace: str = "default") -> dict[str, Any]:
    return {
        "apiVersion": kinds.TELEMETRY.api_version,
        "kind": "Telemetry",
        "metadata": {"name": "mine", "namespace": namespace},
        "spec": yaml.safe_load(spec),
    }


def told(spec: str, mesh: str = MESH) -> list[str]:
    """What somebody who applies it is told."""
    there = {kinds.CONFIG_MAP: [mesh_config(mesh)]}
    validator = references_validator(lambda kind: there.get(kind, []))
    return validator(Request(kinds.TELEMETRY, "CREATE", telemetry(spec)))


@pytest.mark.parametrize(("spec", "path", "words"), [
    ("{metrics: [{providers: [{name: promethues}]}]}", "spec.metrics[0].providers[0].name",
     ["no provider 'promethues'", "nothing is counted", "did you mean 'prometheus'?", "prometheus (prometheus)",
      "envoy (envoyFileAccessLog)", "jaeger (opentelemetry)"]),
    ("{tracing: [{}, {providers: [{name: zipkin}]}]}", "spec.tracing[1].providers[0].name",
     ["no provider 'zipkin'", "no span is reported", "for tracing there is jaeger (opentelemetry);"]),
    ("{accessLogging: [{providers: [{name: envoy}, {name: file}]}]}", "spec.accessLogging[0].providers[1].name",
     ["no provider 'file'", "accessLogFile decides", "envoy (envoyFileAccessLog), otel (envoyOtelAls);"]),
    ("{tracing: [{providers: [{name: prometheus}]}]}", "spec.tracing[0].providers[0].name",
     ["'prometheus' is of kind prometheus, which is not for tracing"]),
    ("{accessLogging: [{providers: [{name: otel}]}]}", "spec.accessLogging[0].providers[0].name",
     ["this lab does not implement providers of kind envoyOtelAls yet", "'otel' is left out"]),
])  # fmt: skip
def test_a_provider_that_does_nothing_there_is_named_with_those_that_would(
    spec: str, path: str, words: list[str]
):
    (warning,) = told(spec)
    assert warning.startswith(f"{path}: ")
    assert [word for word in words if word not in warning] == []


@pytest.mark.parametrize(
    "spec",
    [
        "{metrics: [{providers: [{name: Prometheus}]}], tracing: [{providers: [{name: JAEGER}, {name: nobody}]}]}",
        "{accessLogging: [{providers: [{name: envoy}]}], metrics: [{overrides: [{disabled: true}]}]}",
    ],
)
def test_names_are_compared_in_whatever_case_and_only_the_first_tracer_counts(spec: str):
    assert told(spec) == []


@pytest.mark.parametrize(
    "mesh", ["", "[", "- a", "{extensionProviders: [jaeger]}", "{extensionProviders: 7}"]
)
def test_of_a_mesh_that_cannot_be_read_nothing_is_said(mesh: str):
    assert told("{metrics: [{providers: [{name: promethues}]}]}", mesh) == []


def test_an_entry_without_a_provider_has_a_meaning_where_the_mesh_has_a_default():
    assert [one[:7] for one in told("{accessLogging: [{}]}")] == ["IST0157"]
    assert told("{accessLogging: [{}]}", "defaultProviders: {accessLogging: [envoy]}") == []


def test_analyze_tells_it_where_it_knows_the_mesh_and_the_labs_limits_not_at_all():
    wrong = telemetry(
        "{metrics: [{providers: [{name: promethues}]}], accessLogging: [{providers: [{name: otel}]}]}"
    )
    found = analysis.of_mesh([wrong, mesh_config()], lambda *_: "")
    assert [(one.severity, one.path, one.code) for one in found] == [
        ("warning", "spec.metrics[0].providers[0].name", "")
    ]
    assert analysis.of_mesh([wrong], lambda *_: "") == []


def test_the_mesh_config_is_found_by_its_name():
    other = mesh_config("{}") | {"metadata": {"name": "istio", "namespace": "default"}}
    assert providers.settings(None) is None
    assert analysis.of_mesh([telemetry("{metrics: [{providers: [{name: a}]}]}"), other], lambda *_: "") == []


def test_of_two_tracing_entries_it_is_said_that_the_later_holds():
    obj = telemetry("{tracing: [{randomSamplingPercentage: 1}, {randomSamplingPercentage: 2}]}")
    (warning,) = telemetry_check(obj)
    assert warning.path == "spec.tracing"
    assert "the later one holds" in str(warning)
    assert "first" not in str(warning)
