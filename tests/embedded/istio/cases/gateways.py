"""What a gateway serves: hosts, bindings, several rules for one host."""

from __future__ import annotations

from . import Expect, case, route

_SERVER = "{port: {number: 80, name: http, protocol: HTTP}, hosts: %s}"


def bound(hosts: str, http: str, name: str = "rule", gateways: str = "[web]", namespace: str = "default") -> str:
    spec = f"{{hosts: {hosts}, gateways: {gateways}, http: {http}}}"
    return f"kind: VirtualService\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


def gateway(hosts: str, name: str = "web", namespace: str = "default", more: str = "") -> str:
    server = _SERVER % hosts
    if more:
        server = server[:-1] + f", {more}}}"
    return (f"kind: Gateway\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
            f"spec: {{selector: {{istio: ingressgateway}}, servers: [{server}]}}\n")  # fmt: skip


SUBSETS = """
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}, {name: v3, labels: {version: v3}}]
"""


def at(url: str, **rest) -> Expect:
    return Expect(url, through="gateway", **rest)


def only(path: str, subset: str) -> str:
    return f"[{{match: [{{uri: {{prefix: {path}}}}}], {route(subset)}}}]"


CASES = [
    case("no rule is bound", "", at("http://any/", status=404, flags="NR")),
    case("a rule for every host", bound("['*']", f"[{{{route('v2')}}}]"), at("http://any/", to="v2"), at("http://localhost:8000/", to="v2")),
    case("Bookinfo's rule: exact and prefix", bound("['*']", f"[{{match: [{{uri: {{exact: /productpage}}}}, {{uri: {{prefix: /static}}}}], {route('v1')}}}]"),
         at("http://any/productpage", to="v1"), at("http://any/static/x.css", to="v1"), at("http://any/", status=404, flags="NR")),
    case("hosts are told apart", bound("[a.example.com]", f"[{{{route('v1')}}}]", "a") + "---\n" + bound("[b.example.com]", f"[{{{route('v2')}}}]", "b"),
         at("http://a.example.com/", to="v1"), at("http://b.example.com/", to="v2"), at("http://b.example.com:8000/", to="v2"),
         at("http://c.example.com/", status=404, flags="NR")),
    case("an exact host goes before *", bound("['*']", f"[{{{route('v1')}}}]", "a") + "---\n" + bound("[b.example.com]", f"[{{{route('v2')}}}]", "b"),
         at("http://b.example.com/", to="v2"), at("http://x/", to="v1")),
    case("rules of one host are merged, oldest first", bound("['*']", only("/a", "v1"), "x") + "---\n" + bound("['*']", only("/a/b", "v2"), "a") + "---\n" + bound("['*']", only("/c", "v3"), "b"),
         at("http://any/a", to="v1"), at("http://any/a/b", to="v1"), at("http://any/c", to="v3")),
    case("a route for everything goes behind those of younger rules", bound("['*']", f"[{{{route('v1')}}}]", "old") + "---\n" + bound("['*']", only("/b", "v2"), "young"),
         at("http://any/b", to="v2"), at("http://any/", to="v1")),
    case("a rule bound by NAMESPACE/NAME", bound("['*']", "[{route: [{destination: {host: reviews.default.svc.cluster.local, subset: v3}}]}]", gateways="[default/web]", namespace="other"),
         at("http://any/", to="v3")),
    case("a short gateway name means the rule's own namespace", bound("['*']", "[{route: [{destination: {host: reviews.default.svc.cluster.local}}]}]", namespace="other"),
         at("http://any/", status=404, flags="NR")),
    case("a gateway's host limits its rules", SUBSETS + "---\n" + gateway("[a.example.com]") + "---\n" + bound("['*']", f"[{{{route('v2')}}}]"),
         at("http://a.example.com/", to="v2"), at("http://b.example.com/", status=404, flags="NR"), bare=True),
    case("a gateway's wildcard host", SUBSETS + "---\n" + gateway("['*.example.com']") + "---\n" + bound("[a.example.com]", f"[{{{route('v2')}}}]"),
         at("http://a.example.com/", to="v2"), at("http://b.example.com/", status=404, flags="NR"), bare=True),
    case("a gateway's namespaced host", SUBSETS + "---\n" + gateway("['other/*']") + "---\n" + bound("['*']", f"[{{{route('v2')}}}]"),
         at("http://any/", status=404, flags="NR"), bare=True),
    case("a gateway's host of its own namespace", SUBSETS + "---\n" + gateway("['./*']") + "---\n" + bound("['*']", f"[{{{route('v2')}}}]"),
         at("http://any/", to="v2"), bare=True),
    *(case(f"every host of a gateway that a rule's host {hosts} covers", SUBSETS + "---\n" + gateway("[a.example.com, b.example.com]") + "---\n" + bound(hosts, f"[{{{route('v2')}}}]"),
           at("http://a.example.com/", to="v2"), at("http://b.example.com/", to="v2"), at("http://c.example.com/", status=404, flags="NR"), bare=True)
      for hosts in ("['*']", "['*.example.com']")),
    case("wildcards of a gateway within a rule's wildcard", SUBSETS + "---\n" + gateway("['*.a.example.com', '*.b.example.com', example.org]") + "---\n" + bound("['*.example.com']", f"[{{{route('v2')}}}]"),
         at("http://x.a.example.com/", to="v2"), at("http://x.b.example.com/", to="v2"), at("http://x.example.com/", status=404, flags="NR"),
         at("http://example.org/", status=404, flags="NR"), bare=True),
    case("a host of a gateway for another namespace is not served, the next one is", SUBSETS + "---\n" + gateway("[other/a.example.com, default/b.example.com]") + "---\n" + bound("['*']", f"[{{{route('v2')}}}]"),
         at("http://a.example.com/", status=404, flags="NR"), at("http://b.example.com/", to="v2"), bare=True),
    case("a rule exported to the gateway's namespace goes before an older one for all", bound("['*']", f"[{{{route('v1')}}}]", "old") + "---\n" + bound("['*']", f"[{{{route('v2')}}}]", "young").replace("{hosts", "{exportTo: [istio-system], hosts"),
         at("http://any/", to="v2")),
    case("a rule that the gateway's namespace keeps to itself goes first", bound("['*']", f"[{{{route('v1')}}}]", "old").replace("{hosts", "{exportTo: [istio-system], hosts") + "---\n"
         + bound("['*']", "[{route: [{destination: {host: reviews.default.svc.cluster.local, subset: v3}}]}]", "young", "[default/web]", "istio-system").replace("{hosts", "{exportTo: ['.'], hosts"),
         at("http://any/", to="v3")),
    case("two gateways on one port", SUBSETS + "---\n" + gateway("[a.example.com]", "ga") + "---\n" + gateway("[b.example.com]", "gb") + "---\n"
         + bound("[a.example.com]", f"[{{{route('v1')}}}]", "a", "[ga]") + "---\n" + bound("[b.example.com]", f"[{{{route('v2')}}}]", "b", "[gb]"),
         at("http://a.example.com/", to="v1"), at("http://b.example.com/", to="v2"), bare=True),
    case("httpsRedirect", SUBSETS + "---\n" + gateway("['*']", more="tls: {httpsRedirect: true}") + "---\n" + bound("['*']", f"[{{{route('v2')}}}]"),
         at("http://any/x", status=301, location="https://any/x"), bare=True),
    case("a long direct response", bound("['*']", f"[{{directResponse: {{status: 200, body: {{string: {'long' * 2000}}}}}}}]"),
         at("http://any/", answer={"content-length": "8000"})),
    case("mesh in a match is not the gateway", bound("['*']", f"[{{match: [{{gateways: [mesh]}}], {route('v1')}}}, {{match: [{{gateways: [web]}}], {route('v3')}}}]", gateways="[web, mesh]"),
         at("http://any/", to="v3")),
    case("a match by the gateway's port", bound("['*']", f"[{{match: [{{port: 80}}], {route('v1')}}}]"), at("http://any/", to="v1")),
    case("source labels are the gateway's own", bound("['*']", f"[{{match: [{{sourceLabels: {{istio: ingressgateway}}}}], {route('v1')}}}]"), at("http://any/", to="v1")),
]  # fmt: skip
