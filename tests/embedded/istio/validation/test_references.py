"""Names that nothing bears: warnings, with istioctl analyze's codes."""

# ruff: noqa: E501 - tables

from __future__ import annotations

import json

import pytest
import yaml

from meshtutor.embedded.istio.validation import references
from meshtutor.kube import kinds
from meshtutor.kube.manifests import load
from tests.embedded.istio.validation.world import HERE, warnings, world
from tests.support.certificates import Authority, secret

SECRETS = """
---
{apiVersion: v1, kind: Secret, metadata: {name: shop, namespace: istio-system}, data: %s}
---
{apiVersion: v1, kind: Secret, metadata: {name: broken, namespace: istio-system}, data: {tls.crt: aGVsbG8=, tls.key: aGVsbG8=}}
---
{apiVersion: v1, kind: Secret, metadata: {name: elsewhere}, data: {tls.crt: aGVsbG8=, tls.key: aGVsbG8=}}
"""


@pytest.mark.parametrize(
    ("tls", "code"),
    [
        ("{mode: SIMPLE, credentialName: shop}", ""),
        ("{mode: SIMPLE, credentialName: istio-system/shop}", ""),
        ("{mode: SIMPLE, credentialName: nobody}", "IST0101"),
        ("{mode: SIMPLE, credentialName: elsewhere}", "IST0101"),
        ("{mode: SIMPLE, credentialName: broken}", "IST0161"),
        ("{mode: MUTUAL, credentialName: shop}", "IST0161"),
    ],
)
def test_a_gateways_certificate_is_there_and_sound(tls, code):
    pair = Authority().issue("shop.com")
    data = json.dumps(secret("shop", tls_crt=pair.certificate, tls_key=pair.key)["data"])
    port = "{number: 8080, name: https, protocol: HTTPS}"
    spec = f"{{selector: {{istio: ingressgateway}}, servers: [{{port: {port}, hosts: ['*'], tls: {tls}}}]}}"
    expected = [("spec.servers[0].tls.credentialName", code)] if code else []
    assert warnings("Gateway", spec, SECRETS % data) == expected


def test_a_missing_mirror_is_told_apart_from_a_missing_route():
    spec = (
        "{hosts: [x], http: [{route: [{destination: {host: reviews}}], mirror: {host: reviews, subset: v4}}]}"
    )
    obj = {
        "kind": "VirtualService",
        "metadata": {"name": "mine", "namespace": "default"},
        "spec": yaml.safe_load(spec),
    }
    (said,) = references.check(obj, world())
    assert said.path == "spec.http[0].mirror.subset"
    assert "copies are dropped" in said.hint


OTHERS = """
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: old},
 spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: a, protocol: HTTPS}, hosts: [a.com, "*.b.com"],
  tls: {mode: SIMPLE, credentialName: x}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: elsewhere},
 spec: {selector: {istio: egressgateway}, servers: [{port: {number: 80, name: a, protocol: HTTPS}, hosts: [c.com],
  tls: {mode: SIMPLE, credentialName: x}}]}}
"""
_TLS = "tls: {mode: SIMPLE, credentialName: nobody}"


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        (f"[{{port: {{number: 80, name: s, protocol: HTTPS}}, hosts: [d.com, x.b.com], {_TLS}}}]", set()),
        (f"[{{port: {{number: 80, name: s, protocol: HTTPS}}, hosts: [c.com], {_TLS}}}]", set()),
        (f"[{{port: {{number: 80, name: s, protocol: HTTPS}}, hosts: [ns/a.com], {_TLS}}}]", {"spec.servers[0].hosts"}),
        (f"[{{port: {{number: 80, name: s, protocol: HTTPS}}, hosts: ['*.b.com'], {_TLS}}}]", {"spec.servers[0].hosts"}),
        ("[{port: {number: 80, name: s, protocol: HTTP}, hosts: [d.com]}]", {"spec.servers[0].port"}),
        ("[{port: {number: 80, name: s, protocol: TCP}, hosts: ['*']}]", {"spec.servers[0].port"}),
        ("[{port: {number: 80, name: s, protocol: TLS}, hosts: [d.com], tls: {mode: PASSTHROUGH}}]", set()),
        ("[{port: {number: 80, name: s, protocol: TLS}, hosts: [a.com], tls: {mode: PASSTHROUGH}}]", {"spec.servers[0].hosts"}),
        (("[{port: {number: 9, name: s, protocol: TCP}, hosts: ['*']}, "
          "{port: {number: 9, name: t, protocol: TCP}, hosts: ['*']}]"),
         {"spec.servers[0].port", "spec.servers[1].port"}),
        ((f"[{{port: {{number: 80, name: s, protocol: HTTPS}}, hosts: [d.com], {_TLS}}}, "
         f"{{port: {{number: 80, name: t, protocol: HTTPS}}, hosts: [d.com], {_TLS}}}]"),
         {"spec.servers[0].hosts", "spec.servers[1].hosts"}),
    ],
)  # fmt: skip
def test_only_one_server_can_have_a_port_or_a_name(servers, found):
    spec = f"{{selector: {{istio: ingressgateway}}, servers: {servers}}}"
    plain = lambda o: o["kind"] == "Gateway" and o["metadata"]["name"] == "shop"  # noqa: E731
    objects = [
        {**o, "metadata": {"namespace": "default", **o["metadata"]}}
        for o in load(HERE + OTHERS)
        if not plain(o)
    ]
    obj = {
        "kind": "Gateway",
        "metadata": {"name": "mine", "namespace": "default"},
        "spec": yaml.safe_load(spec),
    }
    seen = references.World.of(lambda kind: [o for o in objects if o["kind"] == kind.kind])
    assert {p.path for p in references.check(obj, seen) if p.code == "IST0145"} == found


TEAM = """
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: team},
 spec: {exportTo: [default], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: theirs, namespace: other},
 spec: {exportTo: ["."], http: [{route: [{destination: {host: reviews}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: root},
 spec: {hosts: [y], http: [{route: [{destination: {host: reviews}}]}]}}
"""


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("{delegate: {name: team}}", []),
        ("{match: [{uri: {prefix: /}}], delegate: {name: team, namespace: default}}", []),
        ("{delegate: {name: nobody}}", [("spec.http[0].delegate.name", "IST0101")]),
        ("{delegate: {name: root}}", [("spec.http[0].delegate.name", "IST0101")]),
        ("{delegate: {name: theirs, namespace: other}}", [("spec.http[0].delegate.name", "IST0101")]),
        ("{match: [{uri: {exact: /a/b}}], delegate: {name: team}}", [("spec.http[0].delegate", "")]),
    ],
)  # fmt: skip
def test_what_a_rule_delegates_to_is_there_and_fits(rule, found):
    assert warnings("VirtualService", f"{{hosts: [x], http: [{rule}]}}", TEAM) == found


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("{hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v2}}]}]}", []),
        ("{hosts: [reviews], http: [{route: [{destination: {host: reviews.default.svc.cluster.local, subset: v1}}]}]}", []),
        ("{hosts: [x], http: [{route: [{destination: {host: api.example.com}}]}]}", []),
        ("{hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v4}}]}]}",
         [("spec.http[0].route[0].destination.subset", "IST0101")]),
        ("{hosts: [x], http: [{route: [{destination: {host: nobody}}]}]}",
         [("spec.http[0].route[0].destination.host", "IST0101")]),
        ("{hosts: [x], http: [{mirror: {host: nobody}, route: [{destination: {host: reviews}}]}]}",
         [("spec.http[0].mirror.host", "IST0101")]),
        ("{hosts: [x], http: [{route: [{destination: {host: reviews, port: {number: 80}}}]}]}",
         [("spec.http[0].route[0].destination.port.number", "IST0101")]),
        ("{hosts: [x], http: [{route: [{destination: {host: two}}]}]}",
         [("spec.http[0].route[0].destination", "IST0112")]),
        ("{hosts: [shop.com], gateways: [shop], http: [{route: [{destination: {host: reviews}}]}]}", []),
        ("{hosts: [shop.com], gateways: [other], http: [{route: [{destination: {host: reviews}}]}]}",
         [("spec.gateways[0]", "IST0101")]),
        ("{hosts: [pub.com], gateways: [default/shop], http: [{route: [{destination: {host: reviews}}]}]}",
         [("spec.hosts[0]", "IST0132")]),
    ],
)  # fmt: skip
def test_a_virtual_service_and_what_it_names(spec, found):
    assert warnings("VirtualService", spec) == found


def test_a_short_name_with_a_namespace_is_the_trap_it_is_in_istio():
    obj = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "mine"},
           "spec": {"hosts": ["x"], "http": [{"route": [{"destination": {"host": "reviews.default"}}]}]}}  # fmt: skip
    (problem,) = references.check(obj, world())
    assert problem.hint == "Istio completes names without a dot only: write reviews.default.svc.cluster.local"


def test_two_virtual_services_for_one_host_are_one_too_many_inside_the_mesh():
    other = """
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: theirs},
 spec: {hosts: [reviews.default.svc.cluster.local], http: [{route: [{destination: {host: reviews}}]}]}}
"""
    spec = "{hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}"
    assert warnings("VirtualService", spec, other) == [("spec.hosts[0]", "IST0109")]


def test_taking_a_subset_away_that_is_used_is_a_warning():
    user = """
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: user},
 spec: {hosts: [two], http: [{route: [{destination: {host: two, subset: v9, port: {number: 80}}}]}]}}
"""
    assert warnings("DestinationRule", "{host: two, subsets: [{name: v1}]}", user) == [
        ("spec.subsets", "IST0101")
    ]
    assert warnings("DestinationRule", "{host: two, subsets: [{name: v9}]}", user) == []
    assert warnings("DestinationRule", "{host: nobody}") == [("spec.host", "IST0101")]


BYTES = """
---
{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {selector: {app: db}, ports: [
  {name: tcp-db, port: 1}, {name: tls-db, port: 2}, {name: db, port: 3}, {name: http-db, port: 4}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: closed}, spec: {selector: {istio: ingressgateway},
 servers: [{port: {number: 80, name: tls, protocol: TLS}, hosts: ["*"], tls: {mode: PASSTHROUGH}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: opened}, spec: {selector: {istio: ingressgateway},
 servers: [{port: {number: 80, name: tls, protocol: TLS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: x}}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: plain}, spec: {selector: {istio: ingressgateway},
 servers: [{port: {number: 80, name: tcp, protocol: TCP}, hosts: ["*"]}]}}
"""
TO_DB = "route: [{destination: {host: %s, port: {number: %d}}}]"
SECTIONS = {
    "http": f"http: [{{{TO_DB % ('db', 4)}}}]",
    "tls": f"tls: [{{match: [{{sniHosts: [shop.com]}}], {TO_DB % ('db', 2)}}}]",
    "tcp": f"tcp: [{{{TO_DB % ('db', 1)}}}]",
}


@pytest.mark.parametrize(
    ("gateways", "followed"),
    [("shop", "http"), ("closed", "tls"), ("opened", "tcp"), ("plain", "tcp"), ("shop, closed", "http tls")],
)
def test_rules_that_no_server_of_the_gateway_follows_are_named(gateways, followed):
    spec = f"{{hosts: [shop.com], gateways: [{gateways}], {', '.join(SECTIONS.values())}}}"
    idle = [(f"spec.{section}", "") for section in SECTIONS if section not in followed.split()]
    assert warnings("VirtualService", spec, BYTES) == idle


@pytest.mark.parametrize(
    ("section", "unsuitable"), [("tls", {3, 4}), ("tcp", {3})]
)  # plain HTTP is bytes, too: a rule for TCP may lead to it
def test_a_port_whose_sidecar_looks_for_requests_in_bytes_is_named(section, unsuitable):
    match = "match: [{sniHosts: [shop.com]}], " if section == "tls" else ""
    for number in (1, 2, 3, 4):
        spec = (
            f"{{hosts: [shop.com], gateways: [mesh, shop], {section}: [{{{match}{TO_DB % ('db', number)}}}]}}"
        )
        path = f"spec.{section}[0].route[0].destination"
        assert warnings("VirtualService", spec, BYTES) == ([(path, "")] if number in unsuitable else [])


def test_a_rule_for_bytes_to_nowhere_says_that_connections_are_closed():
    spec = yaml.safe_load(f"{{hosts: [shop.com], gateways: [plain], tcp: [{{{TO_DB % ('nobody', 1)}}}]}}")
    obj = {"kind": "VirtualService", "metadata": {"name": "mine", "namespace": "default"}, "spec": spec}
    (found,) = references.check(obj, world(BYTES))
    assert (found.code, found.hint) == ("IST0101", "such connections are closed; check the name")


def test_a_gateway_needs_pods_and_a_port_of_their_service():
    server = "servers: [{port: {number: %d, name: http, protocol: HTTP}, hosts: ['*']}]"
    assert warnings("Gateway", "{selector: {istio: ingressgateway}, %s}" % (server % 80)) == []
    assert warnings("Gateway", "{selector: {istio: ingressgateway}, %s}" % (server % 8080)) == []
    assert warnings("Gateway", "{selector: {istio: ingressgateway}, %s}" % (server % 9999)) == [
        ("spec.servers[0].port.number", "IST0162")
    ]
    assert warnings("Gateway", "{selector: {istio: nobody}, %s}" % (server % 80)) == [
        ("spec.selector", "IST0101")
    ]


POD = """
---
{apiVersion: v1, kind: Pod, metadata: {name: r, labels: {app: reviews, version: v1}}}
"""


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("{version: v1}", []),
        ("{}", []),
        ("{version: V1}", [("spec.subsets[0].labels", "IST0173")]),
        ("{topology.kubernetes.io/region: europe}", []),
        ("{version: v1, tier: gold}", [("spec.subsets[0].labels", "IST0173")]),
    ],
)
def test_a_subset_that_selects_no_pod_is_named(labels, found):
    assert (
        warnings("DestinationRule", f"{{host: reviews, subsets: [{{name: v1, labels: {labels}}}]}}", POD)
        == found
    )


def test_without_any_pod_of_the_service_nothing_is_said_of_its_subsets():
    assert warnings("DestinationRule", "{host: reviews, subsets: [{name: v1, labels: {version: v9}}]}") == []


HTTP = "ports: [{number: 80, name: http, protocol: HTTP}]"
AGES = """
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: old, namespace: %s, creationTimestamp: "2026-01-01T00:00:00Z"},
 spec: {hosts: [api.test], ports: [{number: 80, name: http, protocol: %s}], exportTo: [%s]}}
"""


@pytest.mark.parametrize(
    ("spec", "more", "found", "hint"),
    [
        (f"hosts: [own.test], {HTTP}", AGES % ("default", "GRPC", "'*'"), [], ""),
        (f"hosts: [api.test], {HTTP}", AGES % ("default", "HTTP", "'*'"), [("spec.hosts[0]", "")], "that one decides"),
        (f"hosts: [api.test], {HTTP}", AGES % ("other", "HTTP", "'*'"), [("spec.hosts[0]", "")], "know one only"),
        (f"hosts: [api.test], {HTTP}", AGES % ("other", "HTTP", "."), [("spec.hosts[0]", "")], "know one only"),
        (f"hosts: [api.test], {HTTP}, exportTo: ['.']", AGES % ("other", "HTTP", "."), [], ""),
        (f"hosts: [api.test], {HTTP}", AGES % ("default", "GRPC", "'*'"),
         [("spec.ports[0].protocol", "IST0177"), ("spec.hosts[0]", "")], "served as one of both"),
        (f"hosts: [reviews.default.svc.cluster.local], {HTTP}", "", [("spec.hosts[0]", "")], "added to the Service's, for port http"),
        ("hosts: [reviews.default.svc.cluster.local], ports: [{number: 80, name: x, protocol: HTTP}]", "",
         [("spec.hosts[0]", "")], "not heard"),
        (f"hosts: [own.test], {HTTP}, workloadSelector: {{labels: {{app: legacy}}}}", "", [("spec.workloadSelector", "")], "503"),
    ],
)  # fmt: skip
def test_a_service_entry_that_is_not_alone_with_its_name_or_selects_nobody(spec, more, found, hint):
    obj = {"apiVersion": kinds.SERVICE_ENTRY.api_version, "kind": "ServiceEntry",
           "metadata": {"name": "mine", "namespace": "default"}, "spec": yaml.safe_load(f"{{{spec}}}")}  # fmt: skip
    said = list(references.check(obj, world(more)))
    assert [(p.path, p.code) for p in said] == found
    assert not found or hint in said[0].hint


@pytest.mark.parametrize("chosen", ["Pod, spec: {}", "WorkloadEntry, spec: {address: 10.0.0.1}"])
def test_a_selector_that_finds_somebody_is_fine(chosen):
    kind, _, rest = chosen.partition(",")
    version = "v1" if kind == "Pod" else "networking.istio.io/v1"
    more = f"\n---\n{{apiVersion: {version}, kind: {kind}, metadata: {{name: m, labels: {{app: legacy}}}},{rest}}}\n"
    spec = f"{{hosts: [own.test], {HTTP}, workloadSelector: {{labels: {{app: legacy}}}}}}"
    assert warnings("ServiceEntry", spec, more) == []
