"""The answer to "why does it not work": conditions of routes and Gateways, made from a snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.istio.gateway_api import reach, statuses
from meshtutor.embedded.istio.snapshot import Snapshot
from tests.embedded.istio.cases.gateway_api import (
    ELSEWHERE,
    GATEWAY,
    GRANT,
    SERVICE,
    front,
    listener,
    route,
    to,
)
from tests.embedded.istio.support import objects as make
from tests.support.certificates import Authority, secret


def world(text: str, *more: dict[str, Any]) -> Snapshot:
    labels = {"istio": "ingressgateway"}
    service = make.service("istio-ingressgateway", 80, namespace="istio-system", **labels)
    service["status"] = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    pod = make.pod("istio-ingressgateway", namespace="istio-system", router=True, **labels)
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n, "labels": {"team": n}}}
        for n in ("default", "other")
    ]
    backends = [make.service("reviews-v1"), make.service("reviews", namespace="other")]
    return Snapshot.of([service, pod, make.endpoint_slice(service, pod), *spaces, *backends, *make.parse(text), *more])  # fmt: skip


def route_conditions(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Type -> (reason, sentence) of the only parent of the only route; "!" before the reason where it is False."""
    (entry,) = statuses.of_route(snapshot.gateway_api.route_reports[0])
    return _told(entry["conditions"])


def gateway_status(snapshot: Snapshot) -> dict[str, Any]:
    conversion = snapshot.gateway_api
    report = conversion.gateway_reports[0]
    found = reach.reach_of(report, snapshot.hosts, snapshot.endpoints)
    return statuses.of_gateway(report, statuses.attached_routes(conversion), found)


def _told(conditions: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {
        c["type"]: (("" if c["status"] == "True" else "!") + c["reason"], c["message"]) for c in conditions
    }


RULE = f"[{{{to('v1')}}}]"


def test_a_route_that_works():
    found = route_conditions(world(GATEWAY + route(RULE)))
    assert found == {"Accepted": ("Accepted", "Route was valid"), "ResolvedRefs": ("ResolvedRefs", "All references resolved")}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        (front(listener(hostname="a.example.com")) + route(RULE, hosts="[b.example.com]"), "!NoMatchingListenerHostname", "a.example.com"),
        (front(listener(allowed="allowedRoutes: {namespaces: {from: Same}}")) + route(RULE), "!NotAllowedByListeners", "default"),
        (front(listener(allowed="allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: other}}}}")) + route(RULE), "!NotAllowedByListeners", "default"),
        (front(listener(allowed="allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: default}}}}")) + route(RULE), "Accepted", "valid"),
        (front(listener(allowed="allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}")) + route(RULE), "!NotAllowedByListeners", "HTTPRoute"),
        (GATEWAY + route(RULE, parent="{name: front, namespace: istio-system, sectionName: https}"), "!NoMatchingParent", "https"),
        (GATEWAY + route(RULE, parent="{name: front, namespace: istio-system, port: 8080}"), "!NoMatchingParent", "8080"),
        (route(RULE, parent="{group: '', kind: Service, name: none}"), "!NoMatchingParent", "none"),
        (front(listener("a", "a.com"), listener("b", "b.com")) + route(RULE), "Accepted", "bound to 2 parents"),
    ],
)  # fmt: skip
def test_why_a_route_was_not_accepted(text: str, reason: str, said: str):
    found = route_conditions(world(text))["Accepted"]
    assert found[0] == reason
    assert said in found[1]


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        (GATEWAY + route(ELSEWHERE), "!RefNotPermitted", "missing a ReferenceGrant?"),
        (GATEWAY + route(ELSEWHERE) + GRANT % SERVICE, "ResolvedRefs", "All"),
        (
            GATEWAY + route("[{backendRefs: [{name: none, port: 1}]}]"),
            "!BackendNotFound",
            "none.default.svc.cluster.local",
        ),
    ],
)
def test_why_references_were_not_resolved(text: str, reason: str, said: str):
    found = route_conditions(world(text))
    assert found["ResolvedRefs"][0] == reason
    assert said in found["ResolvedRefs"][1]
    assert found["Accepted"][0] == "Accepted"


def test_a_gateway_nobody_serves_leaves_no_trace_in_the_route():
    snapshot = world(route(RULE, parent="{name: none}"))
    assert statuses.of_route(snapshot.gateway_api.route_reports[0]) == []


def test_a_gateway_that_works_tells_its_address_and_its_routes():
    status = gateway_status(world(GATEWAY + route(RULE) + route(RULE, "two")))
    assert _told(status["conditions"])["Programmed"][0] == "Programmed"
    assert status["addresses"] == [{"type": "IPAddress", "value": "127.0.0.1"}]
    (one,) = status["listeners"]
    assert one["attachedRoutes"] == 2
    assert _told(one["conditions"])["Conflicted"][0] == "!NoConflicts"


@pytest.mark.parametrize(
    ("text", "kind", "reason", "said"),
    [
        (front(listener(port=81)), "Programmed", "!AddressNotUsable", "port 81 not found"),
        (GATEWAY.replace("istio-ingressgateway.istio-system", "none.istio-system"), "Programmed", "!AddressNotUsable", "not found"),
        (GATEWAY.replace("name: front, namespace: istio-system", "name: front, namespace: default"), "Programmed", "!AddressNotUsable", 'found in namespace(s) "istio-system"'),
        (front(listener(protocol="TCP")), "Accepted", "!ListenersNotValid", "None"),
        (front(listener(), listener("tcp", port=81, protocol="TCP")), "Accepted", "ListenersNotValid", "One or more"),
    ],
)  # fmt: skip
def test_why_a_gateway_is_not_served(text: str, kind: str, reason: str, said: str):
    found = _told(gateway_status(world(text))["conditions"])[kind]
    assert found[0] == reason
    assert said in found[1]


@pytest.mark.parametrize(
    ("protocol", "hint"), [("TCP", "HTTP and HTTPS"), ("http", '"HTTP" (uppercase)'), ("QUIC", "unsupported")]
)
def test_a_protocol_that_is_not_served_is_named(protocol: str, hint: str):
    (one,) = gateway_status(world(front(listener(protocol=protocol))))["listeners"]
    found = _told(one["conditions"])
    assert found["Accepted"][0] == "!UnsupportedProtocol"
    assert hint in found["Accepted"][1]
    assert found["Programmed"][0] == "!Invalid"


HTTPS = "name: https, port: 80, protocol: HTTPS, tls: {mode: Terminate, certificateRefs: [%s]}"


def test_an_https_listener_waits_for_its_certificate():
    text = front(HTTPS % "{name: shop}")
    (before,) = gateway_status(world(text))["listeners"]
    assert _told(before["conditions"])["ResolvedRefs"] == (
        "!InvalidCertificateRef", "invalid certificate reference Secret/shop: there is no such Secret",
    )  # fmt: skip
    issued = Authority().issue("shop.example.com")
    held = secret("shop", tls_crt=issued.certificate, tls_key=issued.key)
    held["metadata"]["namespace"] = "istio-system"
    (after,) = gateway_status(world(text, held))["listeners"]
    assert _told(after["conditions"])["ResolvedRefs"][0] == "ResolvedRefs"


def test_a_certificate_of_another_namespace_needs_a_grant():
    (one,) = gateway_status(world(front(HTTPS % "{name: shop, namespace: default}")))["listeners"]
    assert _told(one["conditions"])["ResolvedRefs"][0] == "!RefNotPermitted"
