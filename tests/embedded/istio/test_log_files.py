"""How a file of access logs looks, after MeshConfig and its providers. On real Envoys: test_telemetry_kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from meshtutor.embedded.istio import mesh_config
from meshtutor.embedded.istio.log_files import LogFile

JSON = "accessLogFile: /dev/stdout\naccessLogEncoding: JSON\n"


def parsed(mesh: str) -> mesh_config.MeshConfig:
    return mesh_config.parse({"data": {"mesh": mesh}})


def test_the_meshs_format_is_text_or_an_object_of_json():
    assert parsed("{accessLogFile: /a, accessLogFormat: '%PROTOCOL%'}").own_log == LogFile(
        "/a", text="%PROTOCOL%"
    )
    own = parsed(
        JSON + """accessLogFormat: '{"code": "%RESPONSE_CODE%", "of": {"way": "%REQ(:PATH)%"}}'"""
    ).own_log
    assert own is not None
    assert own.json
    assert json.loads(own.fields) == {"code": "%RESPONSE_CODE%", "of": {"way": "%REQ(:PATH)%"}}


@pytest.mark.parametrize("form", ["code: %RESPONSE_CODE%", "[1]", ""])
def test_a_format_that_is_no_object_gives_istios_fields_and_is_said_in_the_log(form: str, caplog: Any):
    assert parsed(yaml.safe_dump(yaml.safe_load(JSON) | {"accessLogFormat": form})).own_log == LogFile(
        "/dev/stdout", json=True
    )
    assert ("accessLogFormat" in caplog.text) is bool(form)


def test_an_encoding_that_does_not_exist_is_said_in_the_log(caplog: Any):
    assert parsed("{accessLogFile: /dev/stdout, accessLogEncoding: json}") == mesh_config.DEFAULT
    assert "accessLogEncoding: json is neither TEXT nor JSON" in caplog.text


ENVOY = "extensionProviders: [{name: envoy, envoyFileAccessLog: %s}]"


@pytest.mark.parametrize(("own", "expected"), [
    ("", LogFile("/dev/stdout", json=True)),
    (ENVOY % "{path: /dev/stderr}", LogFile("/dev/stderr", json=True)),
    (ENVOY % "{path: /a, logFormat: {text: mine}}", LogFile("/a", text="mine")),
    (ENVOY % "{path: /a, logFormat: {labels: {}}}", LogFile("/a", json=True)),
    (ENVOY % "{path: /a, omitEmptyValues: true}", LogFile("/a", omit_empty=True)),
])  # fmt: skip
def test_the_built_in_provider_looks_as_the_mesh_says_unless_it_says_itself(own: str, expected: LogFile):
    assert parsed(JSON + own).log_file("Envoy") == expected


def test_a_provider_of_another_name_knows_nothing_of_the_meshs_format():
    own = "extensionProviders: [{name: mine, envoyFileAccessLog: {}}]"
    assert parsed(JSON + own).log_file("mine") == LogFile("/dev/stdout")


def test_a_provider_that_is_not_implemented_is_named_in_the_log(caplog: Any):
    assert (
        parsed("extensionProviders: [{name: otel, envoyOtelAls: {service: a, port: 1}}]").log_file("otel")
        is None
    )
    assert "'otel' is of kind envoyOtelAls, which is not implemented here" in caplog.text
