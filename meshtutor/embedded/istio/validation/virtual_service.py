"""VirtualService: hosts, gateways, delegates; its rules are in http_route and l4_route.

Source: Istio's pkg/config/validation/validation.go (ValidateVirtualService) and virtualservice.go.
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.validation import http_route, l4_route, names, sharing, unreachable, values
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error
from meshtutor.kube import objects


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one VirtualService."""
    spec: Spec = obj.get("spec") or {}
    delegated = not spec.get("hosts")
    if delegated:
        yield from _delegated(spec)
    yield from names.gateways(spec.get("gateways"), "spec.gateways")
    yield from _hosts(spec)
    if not (spec.get("http") or spec.get("tcp") or spec.get("tls")):
        yield error("spec", "http, tcp or tls must be provided in a virtual service")
    for path, route in each(spec.get("http"), "spec.http"):
        yield from http_route.check(route, path, delegated=delegated)
        if not _at_gateways_only(spec):
            yield from _claims(route, path)
    for path, route in each(spec.get("tls"), "spec.tls"):
        yield from l4_route.check_tls(route, path, spec)
    for path, route in each(spec.get("tcp"), "spec.tcp"):
        yield from l4_route.check_tcp(route, path)
    yield from sharing.export_to(spec, objects.namespace(obj) or objects.DEFAULT_NAMESPACE)
    yield from unreachable.check(spec)


def _delegated(spec: Spec) -> Problems:
    for field in ("gateways", "tls", "tcp"):
        if spec.get(field):
            yield error(
                f"spec.{field}",
                f"a virtual service without hosts is a delegate, which must have no {field}",
                "add `hosts:` if it is meant to stand alone",
            )


def _at_gateways_only(spec: Spec) -> bool:
    return bool(spec.get("gateways")) and "mesh" not in spec["gateways"]


def _hosts(spec: Spec) -> Problems:
    valid = True
    for path, host in each(spec.get("hosts"), "spec.hosts"):
        complaint = names.wildcard_domain(host)
        if complaint and not names.is_address(host) and not host.startswith("outbound_"):
            valid = False
            yield error(path, complaint)
        elif host == "*" and not _at_gateways_only(spec):
            valid = False
            yield error(
                path,
                "wildcard host * is not allowed for virtual services bound to the mesh gateway",
                "name the service, or bind the rule to a gateway with `gateways:`",
            )
    if valid:
        yield from _duplicates(spec.get("hosts") or [])


def _duplicates(hosts: list[str]) -> Problems:
    for index, host in enumerate(hosts):
        for other in hosts[:index]:
            if _overlap(host, other):
                yield error(f"spec.hosts[{index}]", f"duplicate hosts in virtual service: {other} & {host}")


def _overlap(one: str, other: str) -> bool:
    """Whether some name is meant by both, wildcards included (pkg/config/host/name.go, Matches)."""
    if one.startswith("*") and other.startswith("*"):
        return one[1:].endswith(other[1:]) or other[1:].endswith(one[1:])
    if one.startswith("*"):
        return other.endswith(one[1:])
    return one.endswith(other[1:]) if other.startswith("*") else one == other


def _claims(route: dict[str, Any], path: str) -> Problems:
    for place, match in each(route.get("match"), f"{path}.match"):
        for field in ("headers", "withoutHeaders"):
            for header in match.get(field) or {}:
                if values.is_claim(header):
                    yield error(
                        f"{place}.{field}[{header}]", "routing by a token's claim works at gateways only"
                    )
