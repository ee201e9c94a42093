"""Gateway objects with their hosts taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.hosts import host_matches, resolve
from meshtutor.embedded.istio.reading import Object, key_of, seniority, spec_of


@dataclass(frozen=True, eq=False, slots=True)
class Server:
    """One server of a Gateway. `hosts` are pairs (namespace or "*" or "", pattern)."""

    port: int
    port_name: str
    protocol: str
    hosts: tuple[tuple[str, str], ...]
    bind: str
    tls: dict[str, Any]

    def accepts(self, host: str, namespace: str) -> Iterator[str]:
        """The names under which a VirtualService's host in `namespace` is served here.

        The narrower of both, for each host of the server (pkg/config/host/names.go, Intersection).
        """
        for owner, pattern in self.hosts:
            if owner not in ("", "*", namespace):
                continue
            if host_matches(pattern, host):
                yield host
            elif host_matches(host, pattern):
                yield pattern


@dataclass(frozen=True, eq=False, slots=True)
class Gateway:
    """A Gateway object; one made of the Gateway API names the services whose pods serve it, instead of a selector."""

    namespace: str
    name: str
    selector: dict[str, str]
    servers: tuple[Server, ...]
    seniority: tuple[str, str]
    services: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        """`NAMESPACE/NAME`, as VirtualServices refer to it."""
        return f"{self.namespace}/{self.name}"


def gateway(obj: Object) -> Gateway:
    """Read a Gateway."""
    namespace, name = key_of(obj)
    spec = spec_of(obj)
    servers = tuple(_server(server, namespace) for server in spec.get("servers") or ())
    return Gateway(namespace, name, spec.get("selector") or {}, servers, seniority(obj))


def _server(server: dict[str, Any], namespace: str) -> Server:
    port = server.get("port") or {}
    return Server(
        port=int(port.get("number", 0)),
        port_name=str(port.get("name") or ""),
        protocol=str(port.get("protocol") or "HTTP").upper(),
        hosts=tuple(_host(str(host), namespace) for host in server.get("hosts") or ()),
        bind=str(server.get("bind") or ""),
        tls=server.get("tls") or {},
    )


def _host(text: str, namespace: str) -> tuple[str, str]:
    """`NAMESPACE/host`, `./host`, `*/host` or `host`."""
    owner, slash, host = text.partition("/")
    if not slash:
        return "", resolve(owner, namespace)
    return (namespace if owner == "." else owner), resolve(host, namespace)
