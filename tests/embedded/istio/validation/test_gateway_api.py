"""What the Gateway API's own rules refuse, and what the lab refuses by name; each with the path of the mistake."""

from __future__ import annotations

import pytest
import yaml

from meshtutor.embedded.apiserver.admission import Request
from meshtutor.embedded.apiserver.schema.checking import check as check_shape
from meshtutor.embedded.apiserver.schema.reading import Reader
from meshtutor.embedded.crds import crd
from meshtutor.embedded.istio.validation.admission import validate
from meshtutor.errors import InvalidError
from meshtutor.kube import kinds

REF = "backendRefs: [{name: reviews, port: 9080}]"


def causes(kind: kinds.Kind, spec: str) -> dict[str, str]:
    """Path -> sentence of everything that is wrong, as the API server finds it."""
    obj = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": "x", "namespace": "default"},
        "spec": yaml.safe_load(spec),
    }
    schema = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    common = {name: {"type": "string"} for name in ("apiVersion", "kind")}
    whole = {**schema, "properties": {**schema["properties"], **common, "metadata": {"type": "object"}}}
    read = Reader(custom=True).read(obj, whole)
    if wrong := check_shape(read, whole):
        return {error.path: error.message for error in wrong}
    try:
        validate(Request(kind, "CREATE", {**read, "metadata": obj["metadata"]}))
    except InvalidError as refused:
        found = refused.status["details"]["causes"]
        return {cause["field"]: cause["message"] for cause in found}
    return {}


def rule(content: str) -> str:
    return f"{{parentRefs: [{{name: g}}], rules: [{{{content}}}]}}"


FINE = [
    rule(REF),
    rule(f"matches: [{{path: {{type: Exact, value: /a%20b}}, method: GET}}], {REF}, timeouts: {{request: 2s, backendRequest: 1s}}"),
    rule("filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]"),
    rule(f"filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /}}}}}}], {REF}"),
    rule("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: {numerator: 1, denominator: 3}}}, {type: RequestMirror, requestMirror: {backendRef: {name: b, port: 1}, percent: 5}}]"),
    "{parentRefs: [{name: g, sectionName: a}, {name: g, sectionName: b}]}",
]  # fmt: skip


@pytest.mark.parametrize("spec", FINE)
def test_a_sound_route_is_taken(spec: str):
    assert causes(kinds.HTTP_ROUTE, spec) == {}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (rule(f"matches: [{{path: {{value: a}}}}], {REF}"), "spec.rules[0].matches[0].path.value"),
        (rule(f"matches: [{{path: {{value: /a//b}}}}], {REF}"), "spec.rules[0].matches[0].path.value"),
        (rule(f"matches: [{{path: {{value: /a/..}}}}], {REF}"), "spec.rules[0].matches[0].path.value"),
        (rule(f"matches: [{{path: {{value: /a b}}}}], {REF}"), "spec.rules[0].matches[0].path.value"),
        (rule(f"matches: [{{path: {{type: RegularExpression, value: '(?=a)'}}}}], {REF}"), "spec.rules[0].matches[0].path.value"),
        (rule(f"matches: [{{headers: [{{name: a, type: RegularExpression, value: '['}}]}}], {REF}"), "spec.rules[0].matches[0].headers[0].value"),
        (rule(f"matches: [{{headers: [{{name: 'a b', value: x}}]}}], {REF}"), "spec.rules[0].matches[0].headers[0].name"),
        (rule(f"matches: [{{method: FETCH}}], {REF}"), "spec.rules[0].matches[0].method"),
        (rule(f"matches: [{{headers: [{{name: a, value: x}}, {{name: a, value: y}}]}}], {REF}"), "spec.rules[0].matches[0].headers[1]"),
        (rule(f"filters: [{{type: RequestRedirect, requestRedirect: {{}}}}], {REF}"), "spec.rules[0].backendRefs"),
        (rule("filters: [{type: RequestRedirect, urlRewrite: {}}]"), "spec.rules[0].filters[0].requestRedirect"),
        (rule("filters: [{type: RequestRedirect, requestRedirect: {statusCode: 300}}]"), "spec.rules[0].filters[0].requestRedirect.statusCode"),
        (rule("filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {}}]"), "spec.rules[0].filters"),
        (rule(f"filters: [{{type: URLRewrite, urlRewrite: {{}}}}, {{type: URLRewrite, urlRewrite: {{}}}}], {REF}"), "spec.rules[0].filters"),
        (rule(f"filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplaceFullPath}}}}}}], {REF}"), "spec.rules[0].filters[0].urlRewrite.path.replaceFullPath"),
        (rule(f"matches: [{{path: {{type: Exact, value: /a}}}}], filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /b}}}}}}], {REF}"),
         "spec.rules[0].filters[0].urlRewrite.path.replacePrefixMatch"),
        (rule("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: {numerator: 3, denominator: 2}}}]"), "spec.rules[0].filters[0].requestMirror.fraction.numerator"),
        (rule("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 1, fraction: {numerator: 1}}}]"), "spec.rules[0].filters[0].requestMirror.fraction"),
        (rule("backendRefs: [{name: reviews}]"), "spec.rules[0].backendRefs[0].port"),
        (rule("backendRefs: [{name: reviews.default, port: 1}]"), "spec.rules[0].backendRefs[0].name"),
        (rule("backendRefs: [{name: reviews, port: 1, weight: -1}]"), "spec.rules[0].backendRefs[0].weight"),
        (rule(f"timeouts: {{request: 1s, backendRequest: 2s}}, {REF}"), "spec.rules[0].timeouts.backendRequest"),
        (rule(f"timeouts: {{request: 1.5s}}, {REF}"), "spec.rules[0].timeouts.request"),
        ("{parentRefs: [{name: g}, {name: g, sectionName: a}]}", "spec.parentRefs[1].sectionName"),
        ("{parentRefs: [{name: g}, {name: g}]}", "spec.parentRefs[1]"),
        ("{hostnames: ['a.*.com']}", "spec.hostnames[0]"),
        ("{rules: [" + ("{matches: [" + "{}," * 60 + "]},") * 3 + "]}", "spec.rules"),
        # by name
        (rule(f"filters: [{{type: CORS, cors: {{allowOrigins: ['*']}}}}], {REF}"), "spec.rules[0].filters[0].cors"),
        (rule(f"filters: [{{type: ExtensionRef, extensionRef: {{group: a, kind: B, name: c}}}}], {REF}"), "spec.rules[0].filters[0].extensionRef"),
        (rule("backendRefs: [{name: a, port: 1, filters: [{type: URLRewrite, urlRewrite: {hostname: a}}]}]"), "spec.rules[0].backendRefs[0].filters[0].urlRewrite"),
        (rule("backendRefs: [{name: a, kind: ServiceImport, port: 1}]"), "spec.rules[0].backendRefs[0].kind"),
    ],
)  # fmt: skip
def test_a_route_is_refused_where_it_is_wrong(spec: str, path: str):
    assert path in causes(kinds.HTTP_ROUTE, spec)


@pytest.mark.parametrize(
    ("listeners", "path"),
    [
        ("[]", "spec.listeners"),
        ("[{name: a, port: 80, protocol: HTTP}, {name: a, port: 81, protocol: HTTP}]", "spec.listeners[1]"),
        ("[{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}]", "spec.listeners[1]"),
        ("[{name: a, port: 80, protocol: HTTP, tls: {}}]", "spec.listeners[0].tls"),
        ("[{name: a, port: 80, protocol: TCP, hostname: a.com}]", "spec.listeners[0].hostname"),
        ("[{name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}]", "spec.listeners[0].tls.mode"),
        ("[{name: a, port: 443, protocol: HTTPS, tls: {}}]", "spec.listeners[0].tls.certificateRefs"),
        ("[{name: a, port: 443, protocol: TLS}]", "spec.listeners[0].tls.mode"),
        ("[{name: A, port: 80, protocol: HTTP}]", "spec.listeners[0].name"),
        ("[{name: a, port: 0, protocol: HTTP}]", "spec.listeners[0].port"),
        ("[{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Some}}}]", "spec.listeners[0].allowedRoutes.namespaces.from"),
    ],
)  # fmt: skip
def test_a_gateway_is_refused_where_it_is_wrong(listeners: str, path: str):
    assert path in causes(kinds.KUBERNETES_GATEWAY, f"{{gatewayClassName: istio, listeners: {listeners}}}")


@pytest.mark.parametrize(
    "kind",
    [kinds.GRPC_ROUTE, kinds.TLS_ROUTE, kinds.BACKEND_TLS_POLICY, kinds.LISTENER_SET],
    ids=lambda k: k.kind,
)
def test_other_kinds_are_refused_by_name(kind: kinds.Kind):
    assert f"{kind.kind} is part of the Gateway API" in causes(kind, "{rules: []}")["kind"]
