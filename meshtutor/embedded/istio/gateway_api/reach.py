"""Where a Gateway is reached: its Services, whether pods stand behind their ports, and the addresses to tell.

Source: gatewaycommon/context.go (ResolveGatewayInstances), which also has the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from meshtutor.embedded.istio.endpoints import NO_ENDPOINTS, EndpointSet
from meshtutor.embedded.istio.gateway_api.conversion import GatewayReport
from meshtutor.embedded.istio.hosts import Host
from meshtutor.embedded.istio.reading import Key

_IP: Final = "IPAddress"
_NAME: Final = "Hostname"


@dataclass(frozen=True)
class Reach:
    """`internal`: SERVICE:PORT that have pods. `usable`: what is missing may come by itself."""

    internal: tuple[str, ...]
    addresses: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    usable: bool


def reach_of(report: GatewayReport, hosts: Mapping[str, Host], endpoints: Mapping[Key, EndpointSet]) -> Reach:
    """How a Gateway is reached in this snapshot."""
    ports = sorted({one.listener.port for one in report.listeners if one.gateway})
    internal: list[str] = []
    addresses: list[tuple[str, str]] = []
    warnings: list[str] = []
    unusable = False
    for name in report.services:
        host = hosts.get(name)
        if host is None or host.namespace != report.gateway.identity.namespace:
            warnings.append(_not_found(name, report.gateway.identity.namespace, host))
            unusable = True
            continue
        held = endpoints.get(host.key, NO_ENDPOINTS)
        here = [number for number in ports if _has_pods(host, number, held)]
        internal += [f"{name}:{number}" for number in here]
        addresses += _addresses(host) if here else ()
        for warning, may_come in _warnings(host, [n for n in ports if n not in here], held):
            warnings.append(warning)
            unusable |= not may_come
    return Reach(tuple(internal), tuple(dict.fromkeys(addresses)), tuple(sorted(set(warnings))), not unusable)


def _has_pods(host: Host, number: int, held: EndpointSet) -> bool:
    port = host.port(number)
    return port is not None and bool(held.select(port.name, {}))


def _addresses(host: Host) -> list[tuple[str, str]]:
    """What the load balancer has; without one, the Service's own name."""
    outside = [(_IP if address[0].isdigit() else _NAME, address) for address in host.external]
    return outside or [(_NAME, host.fqdn)]


def _not_found(name: str, namespace: str, host: Host | None) -> str:
    if host is None:
        return f'hostname "{name}" not found'
    found = f'but it was found in namespace(s) "{host.namespace}"'
    return f'hostname "{name}" not found in namespace "{namespace}", {found}'


def _warnings(host: Host, missing: list[int], held: EndpointSet) -> Iterator[tuple[str, bool]]:
    """(sentence, whether time may mend it) of ports that nobody serves."""
    for number in missing:
        if not held.endpoints:
            yield f'no instances found for hostname "{host.fqdn}"', True
            continue
        meant = sorted({port.number for port in host.ports if port.target == number})
        hint = ""
        if meant:
            hint = " (hint: the service port should be specified, not the workload port. "
            hint += f"Did you mean one of these ports: {meant}?)"
        yield f'port {number} not found for hostname "{host.fqdn}"{hint}', False
