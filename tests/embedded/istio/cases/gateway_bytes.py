"""Gateways that pass on bytes: which rule a connection follows. The bytes are HTTP, so that the apps can answer.

TLS that is passed on unopened needs apps that speak it: see `test_gateway_bytes`.
"""

from __future__ import annotations

from . import to
from .gateway_tls import at, gateway, https, tls
from .gateways import bound

TCP = "{port: {number: 80, name: tcp, protocol: TCP}, hosts: ['*']}"
OPENED = https("['*']", "tls").replace("HTTPS", "TLS")
HTTPS = https("[shop.test]", "https")
PASSING = "{port: {number: 443, name: passing, protocol: TLS}, hosts: ['*'], tls: {mode: PASSTHROUGH}}"
LOST = "{destination: {host: nobody.test, port: {number: 1}}}"


def tcp(*rules: str, name: str = "rule", hosts: str = "['*']", gateways: str = "[web]", more: str = "") -> str:
    spec = f"{{hosts: {hosts}, gateways: {gateways}, tcp: [{', '.join(rules)}]{more}}}"
    return f"kind: VirtualService\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"


def leads(subset: str, match: str = "") -> str:
    return f"{{{f'match: {match}, ' if match else ''}route: [{to(subset)}]}}"


def sni(name: str, subset: str) -> str:
    return f"kind: VirtualService\nmetadata: {{name: passing}}\nspec: {{hosts: ['*'], gateways: [web], tls: [{{match: [{{sniHosts: [{name}]}}], route: [{to(subset)}]}}]}}\n"


CASES = [
    tls("tcp", gateway(TCP) + tcp(leads("v2")), at("http://any/x", to="v2", path="/x")),
    tls("tcp: no rule is bound", gateway(TCP), at("http://any/", closed=True)),
    tls("tcp: a rule for http is not for bytes", gateway(TCP) + bound("['*']", f"[{{route: [{to('v1')}]}}]"), at("http://any/", closed=True)),
    tls("tcp: the port that clients call, not the one that is bound", gateway(TCP) + tcp(leads("v1", "[{port: 8080}]"), leads("v2", "[{port: 81}, {port: 80}]"), leads("v3")),
        at("http://any/", to="v2")),
    tls("tcp: matches that name a gateway", gateway(TCP) + tcp(leads("v1", "[{gateways: [other]}]"), leads("v2", "[{gateways: [default/web]}]")), at("http://any/", to="v2")),
    tls("tcp: no match fits", gateway(TCP) + tcp(leads("v1", "[{port: 81}]")), at("http://any/", closed=True)),
    tls("tcp: what a gateway cannot know of its clients is not asked", gateway(TCP) + tcp(leads("v2", "[{sourceLabels: {a: b}}]")), at("http://any/", to="v2")),
    tls("tcp: the oldest rule", gateway(TCP) + tcp(leads("v3"), name="z") + tcp(leads("v1"), name="a"), at("http://any/", to="v3")),
    tls("tcp: a rule whose hosts the server does not have", gateway(TCP.replace("'*'", "a.test")) + tcp(leads("v1"), name="z", hosts="[b.test]") + tcp(leads("v2"), name="a", hosts="[a.test]"),
        at("http://any/", to="v2")),
    tls("tcp: by weight", gateway(TCP) + tcp(f"{{route: [{to('v1', 20)}, {to('v2', 80)}, {to('v3', 0)}]}}"), at("http://any/", versions={"v1": 20, "v2": 80})),
    tls("tcp: one destination takes all, whatever its weight", gateway(TCP) + tcp(f"{{route: [{to('v1', 20)}]}}"), at("http://any/", to="v1")),
    tls("tcp: to nowhere", gateway(TCP) + tcp(f"{{route: [{LOST}]}}"), at("http://any/", closed=True)),
    tls("tcp: http is younger and has no port left", gateway(TCP, name="old") + gateway("{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}", name="web")
        + tcp(leads("v2"), gateways="[old]") + bound("['*']", f"[{{route: [{to('v1')}]}}]", "http"), at("http://any/", to="v2")),
    tls("tcp: a second server of the port is left out", gateway(TCP, name="old") + gateway(TCP) + tcp(leads("v1")), at("http://any/", closed=True)),
    tls("tcp and https in one rule", gateway(TCP, HTTPS) + tcp(leads("v2"), more=f", http: [{{route: [{to('v3')}]}}]"),
        at("http://any/", to="v2"), at("https://shop.test/", to="v3")),
    tls("TLS that is opened, to a tcp rule", gateway(OPENED) + tcp(leads("v2")), at("https://shop.example.com/x", to="v2", path="/x")),
    tls("TLS that is opened, for one name", gateway(OPENED.replace("'*'", "shop.example.com")) + tcp(leads("v2")),
        at("https://shop.example.com/", to="v2"), at("https://shop.test/", closed=True)),
    tls("TLS that is opened follows no tls rule", gateway(OPENED) + sni("shop.test", "v1"), at("https://shop.test/", closed=True)),
    tls("https beside TLS that is passed on", gateway(HTTPS, PASSING) + bound("[shop.test]", f"[{{route: [{to('v1')}]}}]") + "---\n" + sni("any", "v2"),
        at("https://shop.test/", to="v1"), at("https://shop.example.com/", closed=True)),
    tls("a name whose TLS some server opens is not passed on", gateway(PASSING, HTTPS) + bound("[shop.test]", f"[{{route: [{to('v1')}]}}]") + "---\n" + sni("shop.test", "v2"),
        at("https://shop.test/", to="v1")),
]  # fmt: skip
