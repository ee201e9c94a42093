"""Servers of which only one can have a port or a name: the older Gateway keeps it, and Istio drops the other's.

Source of the rule: pilot/pkg/model/gateway.go (mergeGateways); of the code: istioctl analyze, ConflictingGateways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from meshtutor.embedded.istio.validation.names import HTTP_PROTOCOLS, TLS_PROTOCOLS
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
CONFLICT: Final = "IST0145"
_TLS: Final = "TLS"
_TCP: Final = "plain TCP"
_HINT: Final = "the older of both keeps it; the other server is left out"


def check(gateway: Object, others: Iterable[Object]) -> Problems:
    """Warnings about one Gateway beside the others that select the same pods, and about its own servers."""
    selector = objects.spec(gateway).get("selector")
    same = [gateway, *(other for other in others if objects.spec(other).get("selector") == selector)]
    for path, server in each(objects.spec(gateway).get("servers"), "spec.servers"):
        for owner, other in _servers(same):
            if other is not server and _port(other) == _port(server):
                yield from _both(path, server, other, owner)


def _both(path: str, server: Object, other: Object, owner: str) -> Problems:
    port, here, there = _port(server), _kind(server), _kind(other)
    if here != there:
        message = f"port {port} is {here} here, and {there} in {owner}"
        yield warning(f"{path}.port", message, _HINT, CONFLICT)
    elif here == _TCP:
        message = f"port {port} is plain TCP in {owner}, too: no name tells its connections apart"
        yield warning(f"{path}.port", message, _HINT, CONFLICT)
    elif here == _TLS and (shared := sorted(_names(server) & _names(other))):
        message = f"{owner} has a TLS server for {', '.join(shared)} on port {port}, too"
        yield warning(f"{path}.hosts", message, _HINT, CONFLICT)


def _servers(gateways: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    for gateway in gateways:
        name = f"Gateway {objects.namespace(gateway) or objects.DEFAULT_NAMESPACE}/{objects.name(gateway)}"
        yield from ((name, server) for server in objects.spec(gateway).get("servers") or ())


def _port(server: Object) -> int:
    return int((server.get("port") or {}).get("number", 0))


def _kind(server: Object) -> str:
    protocol = str((server.get("port") or {}).get("protocol", "")).upper()
    if protocol in TLS_PROTOCOLS:
        return _TLS
    return "plain HTTP" if protocol in HTTP_PROTOCOLS else _TCP


def _names(server: Object) -> set[str]:
    """The names (SNI) of a server; which namespace may bind rules to them is no difference to a client."""
    return {str(host).rpartition("/")[2].lower() for host in server.get("hosts") or ()}
