"""Servers that terminate TLS: names (SNI), bindings, and what shares a port. Certificates are `test_gateway_tls`'s."""

from __future__ import annotations

import json

from tests.support.certificates import Authority, secret

from . import Expect, case, route
from .gateways import SUBSETS, bound, only

AUTHORITY = Authority()
_NAMES = ("shop.example.com", "*.example.com", "shop.test", "any")
CREDENTIAL = AUTHORITY.issue(*_NAMES)
_SECRET = json.dumps(secret("shop", tls_crt=CREDENTIAL.certificate, tls_key=CREDENTIAL.key))
_SIMPLE = "tls: {mode: SIMPLE, credentialName: shop}"


def https(hosts: str, port: str = "https", tls: str = _SIMPLE) -> str:
    return f"{{port: {{number: 443, name: {port}, protocol: HTTPS}}, hosts: {hosts}, {tls}}}"


def http(hosts: str, more: str = "") -> str:
    return f"{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: {hosts}{more}}}"


def gateway(*servers: str, name: str = "web") -> str:
    spec = f"{{selector: {{istio: ingressgateway}}, servers: [{', '.join(servers)}]}}"
    return f"kind: Gateway\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"


def at(url: str, **rest) -> Expect:
    return Expect(url, through="gateway", **rest)


def tls(name: str, yaml: str, *calls: Expect):
    return case(name, f"{SUBSETS}---\n{_SECRET}\n---\n{yaml}", *calls, bare=True)


TO_V1, TO_V2, TO_V3 = (f"[{{{route(subset)}}}]" for subset in ("v1", "v2", "v3"))
TWO = https("[shop.example.com]", "https-shop") + ", " + https("[shop.test]", "https-test")

CASES = [
    tls("an https server", gateway(https("['*']")) + bound("['*']", TO_V2), at("https://shop.example.com/x", to="v2", path="/x")),
    tls("an https server for one name", gateway(https("[shop.example.com]")) + bound("['*']", TO_V2),
        at("https://shop.example.com/", to="v2"), at("https://shop.test/", closed=True)),
    tls("an https server for a wildcard", gateway(https("['*.example.com']")) + bound("['*']", TO_V2),
        at("https://a.example.com/", to="v2"), at("https://shop.test/", closed=True)),
    tls("no rule is bound to an https server", gateway(https("['*']")), at("https://any/", status=404, flags="NR")),
    tls("two names on one port, each with its own routes", gateway(TWO) + bound("[shop.example.com]", TO_V1, "a") + "---\n" + bound("[shop.test]", TO_V2, "b"),
        at("https://shop.example.com/", to="v1"), at("https://shop.test/", to="v2")),
    tls("the Host header does not lead to another server's routes", gateway(TWO) + bound("[shop.example.com]", TO_V1, "a") + "---\n" + bound("[shop.test]", TO_V2, "b"),
        at("https://shop.example.com/", headers={"Host": "shop.test"}, status=404, flags="NR")),
    tls("an exact name goes before a wildcard, and that before any", gateway(https("['*']", "https-a"), https("['*.example.com']", "https-b"), https("[shop.example.com]", "https-c"))
        + bound("['*']", f"[{{match: [{{authority: {{exact: shop.example.com}}}}], {route('v1')}}}, {{match: [{{authority: {{prefix: a.}}}}], {route('v2')}}}, {{{route('v3')}}}]"),
        at("https://shop.example.com/", to="v1"), at("https://a.example.com/", to="v2"), at("https://shop.test/", to="v3")),
    tls("http and https on their own ports", gateway(http("['*']"), https("['*']")) + bound("['*']", f"[{{match: [{{port: 443}}], {route('v2')}}}, {{match: [{{port: 80}}], {route('v1')}}}]"),
        at("https://any/", to="v2"), at("http://any/", to="v1")),
    tls("httpsRedirect beside https", gateway(http("['*']", ", tls: {httpsRedirect: true}"), https("['*']")) + bound("['*']", TO_V2),
        at("http://shop.example.com/x", status=301, location="https://shop.example.com/x"), at("https://shop.example.com/x", to="v2")),
    tls("scheme in a match", gateway(http("['*']"), https("['*']")) + bound("['*']", f"[{{match: [{{scheme: {{exact: https}}}}], {route('v2')}}}, {{{route('v1')}}}]"),
        at("https://any/", to="v2"), at("http://any/", to="v1")),
    tls("a redirect keeps https", gateway(https("['*']")) + bound("['*']", "[{redirect: {uri: /new}}]"), at("https://shop.test/a", status=301, location="https://shop.test/new")),
    tls("a redirect to https's own port leaves it out", gateway(https("['*']")) + bound("['*']", "[{redirect: {port: 443, authority: shop.test}}]"),
        at("https://shop.example.com/a", status=301, location="https://shop.test/a")),
    tls("a host of another namespace", gateway(https("['other/shop.example.com']", "https-o"), https("[shop.test]", "https-t")) + bound("[shop.example.com, shop.test]", TO_V2),
        at("https://shop.example.com/", status=404, flags="NR"), at("https://shop.test/", to="v2")),
    tls("a host of the gateway's own namespace", gateway(https("['./shop.example.com']")) + bound("[shop.example.com]", TO_V2), at("https://shop.example.com/", to="v2")),
    tls("a host of every namespace", gateway(https("['*/shop.example.com']"))
        + bound("[shop.example.com]", "[{route: [{destination: {host: reviews.default.svc.cluster.local, subset: v3}}]}]", gateways="[default/web]", namespace="other"),
        at("https://shop.example.com/", to="v3")),
    tls("the older of two servers with one name", gateway(https("[shop.example.com]"), name="old") + gateway(https("[shop.example.com, shop.test]"), name="young")
        + bound("['*']", TO_V1, "a", "[old]") + "---\n" + bound("['*']", TO_V2, "b", "[young]"),
        at("https://shop.example.com/", to="v1"), at("https://shop.test/", closed=True)),
    tls("the same name for two namespaces", gateway(https("['./shop.example.com', 'other/shop.example.com']")) + bound("[shop.example.com]", TO_V2), at("https://shop.example.com/", to="v2")),
    tls("plain http where the older server has TLS", gateway(https("['*']"), name="old") + gateway("{port: {number: 443, name: http, protocol: HTTP}, hosts: ['*']}", name="young")
        + bound("['*']", TO_V1, "a", "[old]") + "---\n" + bound("['*']", TO_V2, "b", "[young]"), at("https://any/", to="v1")),
    tls("rules of several gateways at one https host", gateway(https("['*']")) + bound("['*']", only("/a", "v1"), "x") + "---\n" + bound("['*']", only("/b", "v2"), "y"),
        at("https://any/a", to="v1"), at("https://any/b", to="v2")),
    tls("versions and ciphers", gateway(https("['*']", tls="tls: {mode: SIMPLE, credentialName: shop, minProtocolVersion: TLSV1_2, maxProtocolVersion: TLSV1_2, "
        "cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384, ECDHE-RSA-AES128-GCM-SHA256]}")) + bound("['*']", TO_V2), at("https://any/", to="v2")),
    tls("OPTIONAL_MUTUAL without a client's certificate", gateway(https("['*']", tls="tls: {mode: OPTIONAL_MUTUAL, credentialName: both}"))
        + json.dumps(secret("both", cert=CREDENTIAL.certificate, key=CREDENTIAL.key, cacert=AUTHORITY.certificate)) + "\n---\n" + bound("['*']", TO_V2), at("https://any/", to="v2")),
]  # fmt: skip
