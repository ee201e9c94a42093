"""ServiceEntry: hosts, ports, and endpoints as the resolution wants them.

Source: Istio's pkg/config/validation/validation.go (ValidateServiceEntry).
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.hosts import LOOKED_UP
from meshtutor.embedded.istio.validation import names, sharing, workload
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning
from meshtutor.kube import objects

_DYNAMIC = "DYNAMIC_DNS"


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one ServiceEntry."""
    spec: Spec = obj.get("spec") or {}
    resolution = spec.get("resolution", "NONE")
    yield from sharing.selector(spec, "workloadSelector", "labels")
    if "workloadSelector" in spec and spec.get("endpoints"):
        yield error("spec.endpoints", "only one of workloadSelector and endpoints can be set")
    yield from _hosts(spec, resolution)
    yield from _addresses(spec, resolution)
    yield from _ports(spec, resolution)
    yield from _endpoints(spec, resolution)
    if resolution == _DYNAMIC:
        yield from _dynamic(spec)
    yield from sharing.export_to(spec, objects.namespace(obj) or objects.DEFAULT_NAMESPACE, entry=True)


def _hosts(spec: Spec, resolution: str) -> Problems:
    if not spec.get("hosts"):
        yield error("spec.hosts", "a service entry must have at least one host")
    for path, host in each(spec.get("hosts"), "spec.hosts"):
        if host == "*":
            yield error(path, "a service entry cannot be for every host")
            continue
        yield from unless_fine(path, names.wildcard_domain(host))
        if resolution != _DYNAMIC and (partial := names.partial_wildcard(host)):
            yield warning(path, partial)
        if resolution in LOOKED_UP and not spec.get("endpoints") and names.fqdn(host):
            yield error(
                path, f"{host!r} cannot be looked up: {resolution} without endpoints needs full names"
            )


def _addresses(spec: Spec, resolution: str) -> Problems:
    for path, address in each(spec.get("addresses"), "spec.addresses"):
        yield from unless_fine(path, names.subnet(address))
        if "/" in address and resolution not in ("NONE", "STATIC"):
            yield error(path, "networks are allowed only with resolution NONE or STATIC")


def _ports(spec: Spec, resolution: str) -> Problems:
    seen_names: set[str] = set()
    seen_numbers: set[int] = set()
    several = len(spec.get("hosts") or ()) > 1 and resolution != "NONE"
    for path, port in each(spec.get("ports"), "spec.ports"):
        name, number, protocol = port.get("name", ""), port.get("number", 0), port.get("protocol", "")
        yield from unless_fine(f"{path}.name", names.port_name(name))
        yield from unless_fine(f"{path}.number", names.port(number))
        yield from unless_fine(f"{path}.protocol", names.protocol(protocol))
        if port.get("targetPort"):
            yield from unless_fine(f"{path}.targetPort", names.port(port["targetPort"]))
        if name in seen_names:
            yield error(f"{path}.name", f"port name {name!r} is already defined")
        if number in seen_numbers:
            yield error(f"{path}.number", f"port {number} is already defined")
        if several and protocol.upper() not in (*names.HTTP_PROTOCOLS, *names.TLS_PROTOCOLS):
            hint = "plain TCP does not say which host is meant; write one service entry per host"
            yield error(f"{path}.protocol", "several hosts need ports with HTTP or TLS", hint)
        seen_names.add(name)
        seen_numbers.add(number)


def _endpoints(spec: Spec, resolution: str) -> Problems:
    endpoints = spec.get("endpoints") or []
    if resolution == "NONE" and endpoints:
        yield error("spec.endpoints", "resolution NONE takes no endpoints", "set resolution: STATIC or DNS")
    if resolution == "NONE" and "workloadSelector" in spec:
        yield warning("spec.workloadSelector", "workloadSelector should not be set with resolution NONE")
    if resolution == "DNS_ROUND_ROBIN" and len(endpoints) > 1:
        yield error("spec.endpoints", "DNS_ROUND_ROBIN takes one endpoint at most")
    known = {port.get("name", "") for port in spec.get("ports") or ()}
    for path, endpoint in each(endpoints, "spec.endpoints"):
        if resolution == "STATIC":
            yield from workload.check_endpoint(endpoint, path, names_allowed=False)
        elif resolution in LOOKED_UP and not endpoint.get("address"):
            yield error(f"{path}.address", "an endpoint to look up needs an address")
        elif resolution in LOOKED_UP:
            yield from workload.check_endpoint(endpoint, path, unix_allowed=False)
        for name in endpoint.get("ports") or {}:
            if name not in known:
                yield error(f"{path}.ports[{name}]", f"port {name!r} is not defined by the service entry")


def _dynamic(spec: Spec) -> Problems:
    for path, host in each(spec.get("hosts"), "spec.hosts"):
        if not host.startswith("*"):
            yield error(path, f"{_DYNAMIC} is for wildcard hosts")
    for field in ("addresses", "endpoints"):
        if spec.get(field):
            yield error(f"spec.{field}", f"{field} cannot be set with resolution {_DYNAMIC}")
    for path, port in each(spec.get("ports"), "spec.ports"):
        if str(port.get("protocol", "")).upper() not in ("HTTP", "TLS", "GRPC", "HTTP2"):
            yield error(f"{path}.protocol", f"{_DYNAMIC} knows HTTP, HTTP2, GRPC and TLS only")
