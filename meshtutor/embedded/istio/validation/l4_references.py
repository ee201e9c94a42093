"""Rules for bytes beside what they lead from and to: servers of gateways that follow them, ports that take bytes.

Warnings of this lab's own; `istioctl analyze` has none of them. Which server follows which rules: Istio's
pilot/pkg/networking/core/gateway.go (buildGatewayTCPBasedFilterChains).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from meshtutor.embedded.istio.hosts import HTTP_PROTOCOLS, Port, host_of_service, resolve
from meshtutor.embedded.istio.server_tls import passes
from meshtutor.embedded.istio.validation.names import HTTP_PROTOCOLS as HTTP_SERVERS
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
Spec = Mapping[str, Any]
_UNDECLARED: Final = "UNSUPPORTED"
_FOLLOWED: Final = {
    "http": "HTTP, or HTTPS that the gateway opens",
    "tls": "TLS or HTTPS with mode PASSTHROUGH",
    "tcp": "TCP, or TLS that the gateway opens",
}
_NAMES: Final = "name the port tcp-... or tls-..., or give it an appProtocol"


def unserved(spec: Spec, gateways: Iterable[Object]) -> Problems:
    """Sections that no server of a rule's gateways follows; `gateways` are all that it names."""
    servers = [server for gateway in gateways for server in objects.spec(gateway).get("servers") or ()]
    there = {_section(server) for server in servers}
    for section, wanted in _FOLLOWED.items():
        if spec.get(section) and section not in there:
            message = f"no server of the gateway is for {section} rules, so these do nothing"
            yield warning(f"spec.{section}", message, f"they need a server of protocol {wanted}")


def _section(server: Object) -> str:
    """The section of VirtualServices that a server follows."""
    protocol = str((server.get("port") or {}).get("protocol", "")).upper()
    if protocol in HTTP_SERVERS:
        return "http"
    if protocol == "TCP":
        return "tcp"
    if passes(server.get("tls") or {}):
        return "tls"
    return "http" if protocol == "HTTPS" else "tcp"


def unsuitable_ports(spec: Spec, namespace: str, services: Iterable[Object]) -> Problems:
    """Destinations whose sidecars look for requests in what is bytes."""
    known = {host.fqdn: host for host in map(host_of_service, services)}
    for path, destination in _destinations(spec):
        written = str(destination.get("host", ""))
        if host := known.get(resolve(written, namespace)):
            number = (destination.get("port") or {}).get("number")
            ports = [port for port in host.ports if number in (None, port.number)]
            if len(ports) == 1 and (why := _unsuitable(ports[0], tls=path.startswith("spec.tls"))):
                yield warning(path, f"port {ports[0].number} of {written} {why}", _NAMES)


def _destinations(spec: Spec) -> Iterator[tuple[str, Object]]:
    for section in ("tls", "tcp"):
        for path, rule in each(spec.get(section), f"spec.{section}"):
            for place, route in each(rule.get("route"), f"{path}.route"):
                yield f"{place}.destination", route.get("destination") or {}


def _unsuitable(port: Port, *, tls: bool) -> str:
    """Plain HTTP is bytes, too: a port that is declared as HTTP may get it through a rule for TCP."""
    if port.protocol == _UNDECLARED:
        return (
            "declares no protocol: sidecars of this lab take what comes for HTTP then, and do not look first"
        )
    if tls and port.protocol in HTTP_PROTOCOLS:
        return f"is declared as {port.protocol}: sidecars there look for requests, and find TLS"
    return ""
