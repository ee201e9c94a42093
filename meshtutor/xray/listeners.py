"""Which listener and filter chain take a call, and the HTTP connection manager in it."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.xray.call import Call
from meshtutor.xray.dump import Envoy

Json = dict[str, Any]
_MANAGER: Final = "envoy.filters.network.http_connection_manager"
_HTTP_PROXY: Final = "http_proxy"


def find(envoy: Envoy, call: Call) -> Json | None:
    """The listener of a call on its way out of a pod or into a gateway.

    In order: the one that the call names; the pod's HTTP proxy (route configuration `http_proxy`, as in this lab); the
    listener of the port, as iptables lead to it in a real cluster (`0.0.0.0_PORT`, or a cluster IP's).
    """
    if call.listener:
        return envoy.listeners.get(call.listener)
    outbound = [
        listener for listener in envoy.listeners.values() if listener.get("traffic_direction") == "OUTBOUND"
    ]
    for listener in outbound:
        if any(route_name(manager(chain)) == _HTTP_PROXY for chain in chains(listener)):
            return listener
    exact = [listener for listener in outbound if _port(listener) == call.port]
    return next((one for one in exact if one["name"].startswith("0.0.0.0_")), exact[0] if exact else None)


def only_listener(envoy: Envoy) -> Json | None:
    """The one outbound listener of an Envoy that has only one, such as a gateway."""
    outbound = [
        listener for listener in envoy.listeners.values() if listener.get("traffic_direction") == "OUTBOUND"
    ]
    return outbound[0] if len(outbound) == 1 else None


def chains(listener: Json) -> list[Json]:
    """The filter chains, the default one last."""
    default = listener.get("default_filter_chain")
    return [*listener.get("filter_chains", ()), *([default] if default else [])]


def chain_of(listener: Json, call: Call) -> Json | None:
    """The first chain with HTTP in it that fits the call's transport (plain for http)."""
    http = [chain for chain in chains(listener) if manager(chain)]
    wanted = "tls" if call.scheme == "https" else "raw_buffer"
    for chain in http:
        transport = (chain.get("filter_chain_match") or {}).get("transport_protocol", wanted)
        if transport == wanted:
            return chain
    return http[0] if http else None


def manager(chain: Json) -> Json:
    """The HTTP connection manager's configuration, or {}."""
    for part in chain.get("filters", ()):
        if part.get("name") == _MANAGER or "rds" in part.get("typed_config", {}):
            return dict(part.get("typed_config", {}))
    return {}


def route_name(found: Json) -> str:
    """The name of the manager's route configuration, "" for routes in line."""
    return str((found.get("rds") or {}).get("route_config_name", ""))


def _port(listener: Json) -> int:
    return int(((listener.get("address") or {}).get("socket_address") or {}).get("port_value", 0))
