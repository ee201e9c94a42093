"""Rules for TCP, and for TLS that is passed on unopened.

Source: Istio's pkg/config/validation/validation.go (validateTLSRoute, validateTCPRoute).
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.validation import names
from meshtutor.embedded.istio.validation.http_route import destinations
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning


def check_tcp(route: dict[str, Any], path: str) -> Problems:
    """One entry of `spec.tcp`."""
    for place, match in each(route.get("match"), f"{path}.match"):
        yield from _match(match, place)
    if not route.get("route"):
        yield error(path, "a TCP rule needs a route")
    yield from destinations(route.get("route"), f"{path}.route")


def check_tls(route: dict[str, Any], path: str, spec: Spec) -> Problems:
    """One entry of `spec.tls`."""
    if not route.get("match"):
        yield error(path, "a TLS rule must have at least one match condition")
    for place, match in each(route.get("match"), f"{path}.match"):
        yield from _match(match, place)
        if not match.get("sniHosts"):
            yield error(f"{place}.sniHosts", "a TLS match must have at least one SNI host")
        for host_path, host in each(match.get("sniHosts"), f"{place}.sniHosts"):
            yield from _sni(host, host_path, spec.get("hosts") or [])
    if not route.get("route"):
        yield error(path, "a TLS rule needs a route")
    yield from destinations(route.get("route"), f"{path}.route")


def _match(match: dict[str, Any], path: str) -> Problems:
    for place, network in each(match.get("destinationSubnets"), f"{path}.destinationSubnets"):
        yield from unless_fine(place, names.subnet(network))
    if match.get("port"):
        yield from unless_fine(f"{path}.port", names.port(match["port"]))
    yield from names.labels(match.get("sourceLabels"), f"{path}.sourceLabels")
    yield from names.gateways(match.get("gateways"), f"{path}.gateways")


def _sni(name: str, path: str, hosts: list[str]) -> Problems:
    if names.is_address(name):
        yield warning(
            path, f"an IP address ({name}) is no server name by the SNI standard; most clients send none"
        )
    elif complaint := "" if name.startswith("outbound_") else names.wildcard_domain(name):
        yield error(path, complaint)
    elif not any(_within(name, host) for host in hosts):
        yield error(
            path, f"SNI host {name!r} is not within any of the virtual service's hosts: {', '.join(hosts)}"
        )


def _within(name: str, host: str) -> bool:
    return name == host or (host.startswith("*") and name.removeprefix("*").endswith(host[1:]))
