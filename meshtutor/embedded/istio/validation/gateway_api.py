"""Gateways of the Gateway API: the rules that its definitions state in CEL, as sentences.

Source: gateway-api 1.5, apis/v1/gateway_types.go (XValidation markers).
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.validation.problem import Problems, each, error
from meshtutor.kube import objects

_WITHOUT_TLS: Final = ("HTTP", "TCP", "UDP")
_WITHOUT_HOSTNAME: Final = ("TCP", "UDP")


def check_gateway(obj: dict[str, Any]) -> Problems:
    """A Gateway's listeners and addresses."""
    spec = objects.spec(obj)
    seen: dict[Any, str] = {}
    for path, listener in each(spec.get("listeners"), "spec.listeners"):
        yield from _listener(listener, path)
        socket = (listener.get("port"), listener.get("protocol"), listener.get("hostname"))
        if socket in seen:
            yield error(
                path, f"has port, protocol and hostname of {seen[socket]}: one of the three must differ"
            )
        seen.setdefault(socket, path)
    places = set()
    for path, address in each(spec.get("addresses"), "spec.addresses"):
        place = (address.get("type", "IPAddress"), address.get("value"))
        if place in places and place[1]:
            yield error(path, f"{place[1]} is there twice")
        places.add(place)


def _listener(listener: dict[str, Any], path: str) -> Problems:
    protocol, tls = listener.get("protocol"), listener.get("tls")
    if protocol in _WITHOUT_TLS and tls is not None:
        yield error(f"{path}.tls", f"protocol {protocol} has no tls", "HTTPS has")
    if protocol in _WITHOUT_HOSTNAME and listener.get("hostname"):
        yield error(f"{path}.hostname", f"protocol {protocol} has no hostname")
    if protocol == "TLS" and not (tls or {}).get("mode"):
        yield error(f"{path}.tls.mode", "protocol TLS asks for a mode", "Terminate or Passthrough")
    if tls is None:
        return
    if protocol == "HTTPS" and tls.get("mode", "Terminate") != "Terminate":
        yield error(f"{path}.tls.mode", "protocol HTTPS terminates TLS", "protocol TLS may pass it through")
    if tls.get("mode", "Terminate") == "Terminate" and not (tls.get("certificateRefs") or tls.get("options")):
        yield error(f"{path}.tls.certificateRefs", "mode Terminate asks for a certificate")
    yield from _selector(listener, path)


def _selector(listener: dict[str, Any], path: str) -> Problems:
    namespaces = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
    place = f"{path}.allowedRoutes.namespaces.selector.matchExpressions"
    for where, one in each((namespaces.get("selector") or {}).get("matchExpressions"), place):
        if one.get("operator") in ("In", "NotIn") and not one.get("values"):
            yield error(f"{where}.values", f"operator {one['operator']} asks for values")
