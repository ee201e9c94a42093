"""Which virtual host serves an authority (Envoy docs, config.route.v3.VirtualHost, `domains`).

Order: the exact name, suffix wildcards `*.x` (the longest first), prefix wildcards `x.*`, then `*`. Names are compared
without regard to case; the port is a part of the name unless the route configuration ignores it.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def find(route_config: Json, authority: str) -> tuple[Json, str] | None:
    """The virtual host and the domain that matched, or None."""
    name = authority.lower()
    if route_config.get("ignore_port_in_host_matching"):
        name = without_port(name)
    best: tuple[tuple[int, int], Json, str] | None = None
    for host in route_config.get("virtual_hosts", ()):
        for domain in host.get("domains", ()):
            rank = _rank(domain.lower(), name)
            if rank and (best is None or rank > best[0]):
                best = (rank, host, domain)
    return (best[1], best[2]) if best else None


def without_port(authority: str) -> str:
    """`reviews:9080` -> `reviews`; IPv6 in brackets stays whole."""
    name, colon, port = authority.rpartition(":")
    return name if colon and port.isdigit() else authority


def _rank(domain: str, name: str) -> tuple[int, int] | None:
    """How good a match is; larger is better, None is no match."""
    if domain == name:
        return (4, 0)
    if domain == "*":
        return (1, 0)
    if domain.startswith("*") and name.endswith(domain[1:]) and len(name) >= len(domain):
        return (3, len(domain))
    if domain.endswith("*") and name.startswith(domain[:-1]) and len(name) >= len(domain):
        return (2, len(domain))
    return None
