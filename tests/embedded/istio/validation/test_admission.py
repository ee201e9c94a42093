"""Validation as the API server calls it, and what the lab does not implement yet."""

# ruff: noqa: E501 - tables

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from meshtutor.embedded.apiserver.admission import Request
from meshtutor.embedded.crds.definitions import spec_type, types
from meshtutor.embedded.crds.notation import FieldType
from meshtutor.embedded.istio.validation import unsupported
from meshtutor.embedded.istio.validation.admission import references_validator, validate
from meshtutor.errors import InvalidError
from meshtutor.kube import kinds
from meshtutor.kube.manifests import files, load
from tests.support.certificates import Authority, secret


def request(kind: kinds.Kind, spec: str, operation: str = "CREATE") -> Request:
    obj: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "mine"}}
    return Request(kind, operation, {**obj, "spec": yaml.safe_load(spec)})  # type: ignore[arg-type]


def causes(kind: kinds.Kind, spec: str) -> dict[str, str]:
    with pytest.raises(InvalidError) as refusal:
        validate(request(kind, spec))
    return {cause["field"]: cause["message"] for cause in refusal.value.status["details"]["causes"]}


def test_every_error_is_a_cause_with_its_path_and_the_next_step():
    found = causes(
        kinds.VIRTUAL_SERVICE, "{hosts: ['*'], http: [{timeout: 3, route: [{destination: {host: a_b}}]}]}"
    )
    assert set(found) == {"spec.hosts[0]", "spec.http[0].route[0].destination.host"}
    assert "bind the rule to a gateway" in found["spec.hosts[0]"]


def test_warnings_let_the_object_through():
    spec = "{host: a, trafficPolicy: {outlierDetection: {consecutiveErrors: 3}}}"
    (warning,) = validate(request(kinds.DESTINATION_RULE, spec))
    assert warning.startswith("spec.trafficPolicy.outlierDetection.consecutiveErrors: ")


def test_deleting_and_other_kinds_are_nobodys_business_here():
    assert validate(request(kinds.VIRTUAL_SERVICE, "{hosts: []}", "DELETE")) == []
    assert validate(request(kinds.SERVICE, "{ports: []}")) == []


def test_a_kind_that_the_api_server_read_from_its_definition_is_known_by_its_name():
    theirs = kinds.Kind(
        "networking.istio.io", "v1", "VirtualService", "virtualservices", True, ("vs",), ("v1beta1",)
    )
    with pytest.raises(InvalidError):
        validate(request(theirs, "{hosts: [a]}"))


def test_a_field_that_is_not_implemented_is_refused_by_name_and_once():
    found = causes(kinds.SERVICE_ENTRY, "{hosts: [a.test], ports: [{number: 80, name: http, protocol: HTTP}],"
                   " resolution: STATIC, endpoints: [{address: 10.0.0.1}], subjectAltNames: [a, b]}")  # fmt: skip
    assert list(found) == ["spec.subjectAltNames"]
    assert "does not implement it yet" in found["spec.subjectAltNames"]
    assert "meshtutor up --on k3d" in found["spec.subjectAltNames"]


BYTES = {
    "tcp": "tcp: [{match: [{port: 1%s}], route: [{destination: {host: a}}]}]",
    "tls": "tls: [{match: [{sniHosts: [a]%s}], route: [{destination: {host: a}}]}]",
}


@pytest.mark.parametrize("section", BYTES)
@pytest.mark.parametrize(
    ("gateways", "match", "refused"),
    [
        ("", "", True),
        ("gateways: [mesh], ", "", True),
        ("gateways: [mesh, g], ", "", True),
        ("gateways: [mesh, g], ", ", gateways: [mesh]", True),
        ("gateways: [mesh, g], ", ", gateways: [g]", False),
        ("gateways: [g], ", "", False),
        ("gateways: [g], ", ", gateways: [mesh]", False),
    ],
)
def test_rules_for_bytes_are_refused_where_sidecars_would_have_to_follow_them(
    section, gateways, match, refused
):
    rules = f"{BYTES[section] % match}, http: [{{route: [{{destination: {{host: a}}}}]}}]"
    spec = f"{{hosts: [a], {gateways}{rules}}}"
    if not refused:
        assert validate(request(kinds.VIRTUAL_SERVICE, spec)) == []
        return
    found = causes(kinds.VIRTUAL_SERVICE, spec)
    assert list(found) == [f"spec.{section}[0]"]
    said = found[f"spec.{section}[0]"]
    assert all(words in said for words in ("capture of packets", "gateways: [NAME]", "meshtutor up --on k3d"))


def test_a_rule_for_bytes_without_a_match_is_for_every_gateway_that_it_is_bound_to():
    rule = "{hosts: [a], gateways: [%s], tcp: [{route: [{destination: {host: a}}]}]}"
    assert list(causes(kinds.VIRTUAL_SERVICE, rule % "g, mesh")) == ["spec.tcp[0]"]
    assert validate(request(kinds.VIRTUAL_SERVICE, rule % "g")) == []


def test_conditions_that_a_gateway_does_not_look_at_are_named():
    match = "{port: 1, sourceLabels: {a: b}, destinationSubnets: [10.0.0.0/8], sourceNamespace: x}"
    rule = (
        f"{{hosts: [a], gateways: [g], tcp: [{{match: [{match}], route: [{{destination: {{host: a}}}}]}}]}}"
    )
    found = validate(request(kinds.VIRTUAL_SERVICE, rule))
    assert [line.partition(": ")[0].rpartition(".")[2] for line in found] == [
        "destinationSubnets", "sourceLabels", "sourceNamespace",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["*a.example.com", "*-a.example.com"])
def test_a_part_of_a_label_as_a_wildcard_is_refused_as_envoy_does(name):
    match = f"{{sniHosts: ['{name}']}}"
    spec = (f"{{hosts: ['*'], gateways: [g], tls: [{{match: [{match}],"
            " route: [{destination: {host: a}}]}]}")  # fmt: skip
    assert list(causes(kinds.VIRTUAL_SERVICE, spec)) == ["spec.tls[0].match[0].sniHosts[0]"]


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        (kinds.VIRTUAL_SERVICE, "{hosts: [a], http: [{directResponse: {status: 600}}]}",
         "spec.http[0].directResponse.status"),
        (kinds.VIRTUAL_SERVICE, "{hosts: [a], http: [{redirect: {uri: /, redirectCode: 304}}]}",
         "spec.http[0].redirect.redirectCode"),
        (kinds.VIRTUAL_SERVICE, ("{hosts: [a], http: [{rewrite: {uriRegexRewrite: {match: (a)b, rewrite: '\\2'}},"
         " route: [{destination: {host: a}}]}]}"), "spec.http[0].rewrite.uriRegexRewrite.rewrite"),
        (kinds.DESTINATION_RULE, ("{host: a, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x,"
         " ringHash: {minimumRingSize: 9999999}}}}}"),
         "spec.trafficPolicy.loadBalancer.consistentHash.ringHash.minimumRingSize"),
        (kinds.DESTINATION_RULE, ("{host: a, trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: x,"
         " ttl: long}}}}}"), "spec.trafficPolicy.loadBalancer.consistentHash.httpCookie.ttl"),
    ],
)  # fmt: skip
def test_what_istio_lets_through_and_envoy_refuses_is_refused_here(kind, spec, path):
    assert list(causes(kind, spec)) == [path]


def test_a_regex_rewrite_may_name_the_groups_there_are():
    rewrite = r"{uriRegexRewrite: {match: '/(a+)/(b)', rewrite: '/\2/\\\\/\1'}}"
    spec = f"{{hosts: [a], http: [{{rewrite: {rewrite}, route: [{{destination: {{host: a}}}}]}}]}}"
    assert validate(request(kinds.VIRTUAL_SERVICE, spec)) == []


def test_an_empty_list_asks_for_nothing():
    spec = "{hosts: [a], tls: [], http: [{route: [{destination: {host: a}}]}]}"
    assert validate(request(kinds.VIRTUAL_SERVICE, spec)) == []


def test_a_value_that_is_not_implemented_is_refused_with_those_that_are():
    spec = "{servers: [{port: {number: 1, name: a, protocol: MONGO}, hosts: ['*']}]}"
    assert "only HTTP, " in causes(kinds.GATEWAY, spec)["spec.servers[0].port.protocol"]


@pytest.mark.parametrize("field", ["headers", "withoutHeaders"])
def test_routing_by_a_claim_is_sound_and_refused_by_name(field):
    match = f"{field}: {{'@request.auth.claims.sub': {{exact: x}}}}"
    spec = f"{{hosts: [a], gateways: [g], http: [{{match: [{{{match}}}], route: [{{destination: {{host: a}}}}]}}]}}"
    found = causes(kinds.VIRTUAL_SERVICE, spec)
    assert list(found) == [f"spec.http[0].match[0].{field}[@request.auth.claims.sub]"]
    assert "does not route by a token's claims yet" in next(iter(found.values()))


@pytest.mark.parametrize(
    ("tls", "path"),
    [
        ("{mode: AUTO_PASSTHROUGH}", "mode"),
        ("{mode: ISTIO_MUTUAL}", "mode"),
        ("{mode: SIMPLE, serverCertificate: /a, privateKey: /b}", "serverCertificate"),
        ("{mode: SIMPLE, credentialName: 'sds://a'}", "credentialName"),
        ("{mode: SIMPLE, credentialName: a, subjectAltNames: [b]}", "subjectAltNames"),
        ("{mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2}", "minProtocolVersion"),
        ("{mode: SIMPLE, credentialName: a, cipherSuites: ['!RC4']}", "cipherSuites[0]"),
        ("{mode: MUTUAL, credentialName: a, verifyCertificateHash: [b]}", "verifyCertificateHash"),
    ],
)  # fmt: skip
def test_tls_that_the_lab_does_not_do_is_refused_by_name(tls, path):
    spec = f"{{servers: [{{port: {{number: 443, name: a, protocol: HTTPS}}, hosts: ['*'], tls: {tls}}}]}}"
    assert f"spec.servers[0].tls.{path}" in causes(kinds.GATEWAY, spec)


@pytest.mark.parametrize(
    ("tls", "path"),
    [
        ("{mode: SIMPLE, caCertificates: /etc/certs/ca.pem}", "caCertificates"),
        ("{mode: MUTUAL, clientCertificate: /a, privateKey: /b}", "clientCertificate"),
        ("{mode: SIMPLE, caCrl: /a}", "caCrl"),
        ("{mode: SIMPLE, credentialName: 'sds://a'}", "credentialName"),
    ],
)
def test_tls_towards_a_service_from_files_is_refused_by_name(tls, path):
    for place, spec in {
        "spec.trafficPolicy": f"{{host: a, trafficPolicy: {{tls: {tls}}}}}",
        "spec.subsets[0].trafficPolicy.portLevelSettings[0]":
            f"{{host: a, subsets: [{{name: v1, trafficPolicy: {{portLevelSettings: [{{port: {{number: 80}}, tls: {tls}}}]}}}}]}}",
    }.items():  # fmt: skip
        assert f"{place}.tls.{path}" in causes(kinds.DESTINATION_RULE, spec)


def test_a_credential_for_sidecars_without_a_selector_is_a_warning():
    rule = "host: a, trafficPolicy: {tls: {mode: SIMPLE, credentialName: b}}"
    (said,) = validate(request(kinds.DESTINATION_RULE, f"{{{rule}}}"))
    assert "sidecars send plain text" in said
    selecting = f"{{{rule}, workloadSelector: {{matchLabels: {{app: c}}}}}}"
    assert validate(request(kinds.DESTINATION_RULE, selecting)) == []


def test_a_broken_certificate_is_a_warning_where_its_secret_is_applied():
    def said(obj: dict[str, Any]) -> str:
        return "; ".join(validate(Request(kinds.SECRET, "CREATE", obj)))  # type: ignore[arg-type]

    authority = Authority()
    pair, old = (
        authority.issue("a.example.com"),
        authority.issue("a.example.com", lifetime=timedelta(days=-1)),
    )
    assert said(secret("s", tls_crt=pair.certificate, tls_key=pair.key)) == ""
    assert said(secret("s", password=b"anything", key=b"anything")) == ""
    assert "not PEM that can be read" in said(secret("s", tls_crt=b"hello", tls_key=pair.key))
    assert "belongs to another certificate" in said(secret("s", cert=pair.certificate, key=old.key))
    assert "CA certificate" in said(secret("s", cacert=b"hello"))
    assert "CN=a.example.com holds from" in said(secret("s", cert=old.certificate, key=old.key))


def test_a_field_that_istio_does_not_know_is_not_called_a_part_of_its_api():
    obj = request(
        kinds.VIRTUAL_SERVICE, "{hosts: [a], htpp: [], http: [{timeoutt: 3s, tcp: [{prot: 1}]}]}"
    ).object
    assert list(unsupported.check(obj)) == []


def test_a_kind_that_is_not_implemented_is_refused_as_a_whole():
    assert "EnvoyFilter is part of Istio's API" in causes(kinds.ENVOY_FILTER, "{}")["kind"]


def test_the_table_of_what_is_implemented_names_only_fields_that_exist():
    for kind_name, patterns in unsupported.IMPLEMENTED.items():
        kind = next(k for k in kinds.RULES if k.unique_name == kind_name)
        known = paths(kind)
        for pattern in [*patterns, *(path for k, path in unsupported.VALUES if k == kind_name)]:
            stem = pattern.removesuffix(".**")
            inside = (f"{stem}.", f"{stem}[", f"{stem}{{")
            assert any(path == stem or path.startswith(inside) for path in known), (kind_name, pattern)


def paths(kind: kinds.Kind) -> list[str]:
    found: list[str] = []

    def visit(type_: FieldType, path: str) -> None:
        found.append(path)
        if type_.form == "array" and type_.item:
            visit(type_.item, f"{path}[]")
        elif type_.form == "map" and type_.item:
            visit(type_.item, f"{path}{{}}")
        elif type_.form in types():
            for field in types()[type_.form].fields.values():
                visit(field.type, f"{path}.{field.name}")

    for field in spec_type(kind).fields.values():
        visit(field.type, field.name)
    return found


def test_the_studys_own_manifests_pass_without_a_warning():
    objects = load(
        "manifests/bookinfo", "manifests/gateway", "manifests/06_split_traffic/destination-rule.yaml"
    )
    listed = [*objects, *(load(file)[0] for file in files("manifests/06_split_traffic"))]
    istio = [obj for obj in listed if kinds.kind_of(obj, kinds.ISTIO)]
    assert len(istio) >= 8
    pod = {
        "kind": "Pod",
        "metadata": {"name": "g", "namespace": "istio-system", "labels": {"istio": "ingressgateway"}},
    }
    spec = {"selector": {"istio": "ingressgateway"}, "ports": [{"port": 80, "targetPort": 8080}]}
    service = {"kind": "Service", "metadata": {"name": "g", "namespace": "istio-system"}, "spec": spec}
    there = [{**o, "metadata": {"namespace": "default", **o["metadata"]}} for o in [*objects, pod, service]]
    referring = references_validator(lambda kind: [o for o in there if o["kind"] == kind.kind])
    for obj in istio:
        kind = kinds.kind_of(obj)
        assert kind
        asked = Request(kind, "CREATE", {**obj, "metadata": {"namespace": "default", **obj["metadata"]}})
        assert [*validate(asked), *referring(asked)] == []


def test_what_a_service_entry_needs_captured_packets_for_is_refused_by_name():
    port = "{number: 80, name: http, protocol: HTTP}"
    start = f"hosts: [a.test], ports: [{port}]"
    moved = f"hosts: [a.test], ports: [{port.replace('80', '80, targetPort: 81')}]"
    assert "capture by iptables" in causes(kinds.SERVICE_ENTRY, f"{{{moved}}}")["spec.ports[0].targetPort"]
    dynamic = start.replace("a.test", "'*.test'")
    said = causes(kinds.SERVICE_ENTRY, f"{{{dynamic}, resolution: DYNAMIC_DNS}}")
    assert "only NONE, STATIC, DNS" in said["spec.resolution"]
    fine = f"{start}, resolution: STATIC, endpoints: [{{address: 10.0.0.1}}]"
    plain = fine.replace("name: http, protocol: HTTP", "name: tcp, protocol: TCP")
    assert "spec.ports[0].protocol" in causes(kinds.SERVICE_ENTRY, f"{{{plain}}}")
    assert causes(kinds.SERVICE_ENTRY, f"{{{fine}, addresses: [10.1.0.0/16]}}").keys() == {
        "spec.addresses[0]"
    }
    socket = fine.replace("10.0.0.1", "'unix:///a'")
    assert causes(kinds.SERVICE_ENTRY, f"{{{socket}}}").keys() == {"spec.endpoints[0].address"}
    assert causes(kinds.WORKLOAD_ENTRY, "{address: 'unix:///a'}").keys() == {"spec.address"}
    assert causes(kinds.WORKLOAD_ENTRY, "{address: 10.0.0.1, network: far}").keys() == {"spec.network"}


def test_what_a_sidecar_needs_captured_packets_for_is_refused_by_name():
    egress = "egress: [{hosts: [./*]}]"
    port = "port: {number: 80, name: http, protocol: HTTP}"
    assert causes(kinds.SIDECAR, f"{{egress: [{{hosts: [./*], {port}}}]}}")
    assert causes(kinds.SIDECAR, f"{{{egress}, ingress: [{{{port}, defaultEndpoint: '127.0.0.1:80'}}]}}")
