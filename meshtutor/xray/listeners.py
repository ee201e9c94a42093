"""Which listener and filter chain take a call, and what is in it: an HTTP connection manager, or a proxy for bytes."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.xray.call import Call
from meshtutor.xray.dump import Envoy

Json = dict[str, Any]
_TCP_PROXY: Final = "envoy.filters.network.tcp_proxy"
_MANAGER: Final = "envoy.filters.network.http_connection_manager"
HTTP_PROXY: Final = "http_proxy"


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
        if any(route_name(manager(chain)) == HTTP_PROXY for chain in chains(listener)):
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


def chain_of(listener: Json, call: Call) -> tuple[Json | None, str]:
    """The chain that takes the call, or None and why there is none.

    Envoy looks at the name that a TLS client calls (SNI) before it looks at the transport: an exact name, then
    wildcards, the longest first, then chains for any name. Of two that are as close, the one that sees requests has
    more conditions (Istio's chains for what it finds to be HTTP, beside those for all else).
    """
    known = [chain for chain in chains(listener) if manager(chain) or tcp_proxy(chain)]
    if not known:
        return None, "the listener has neither HTTP in it nor a proxy for bytes"
    tls = call.scheme == "https"
    named = sorted((chain for chain in known if _fit(chain, call.host if tls else "") >= 0),
                   key=lambda chain: (-_fit(chain, call.host if tls else ""), not manager(chain)))  # fmt: skip
    wanted = "tls" if tls else "raw_buffer"
    for chain in named:
        if (chain.get("filter_chain_match") or {}).get("transport_protocol", wanted) == wanted:
            return _speaking(chain, tls=tls, plain_only=not any(map(_is_tls, known)))
    return (
        None,
        f"no filter chain of the listener is for the name {call.host!r} (SNI): the connection is closed",
    )


def _speaking(chain: Json, *, tls: bool, plain_only: bool) -> tuple[Json | None, str]:
    """The chain, if client and proxy speak the same: TLS or not. An HTTP proxy is called in plain for all schemes.

    A proxy for bytes that opens no TLS takes whatever comes.
    """
    if (tcp_proxy(chain) and not _is_tls(chain)) or plain_only or _is_tls(chain) == tls:
        return chain, ""
    return None, "the listener expects TLS" if not tls else "the listener does not speak TLS"


def _fit(chain: Json, name: str) -> int:
    """How narrowly a chain is for a server name: -1 not at all, 0 for any, else the length of its pattern."""
    patterns = server_names(chain)
    if not patterns:
        return 0
    if name in patterns:
        return len(name) + 1
    return max((len(p) for p in patterns if p.startswith("*.") and name.endswith(p[1:])), default=-1)


def _is_tls(chain: Json) -> bool:
    return str((chain.get("transport_socket") or {}).get("name", "")).endswith(".tls")


def tcp_proxy(chain: Json) -> Json:
    """The settings of the proxy for bytes, or {}."""
    for part in chain.get("filters", ()):
        if part.get("name") == _TCP_PROXY:
            return dict(part.get("typed_config", {}))
    return {}


def said_of(chain: Json, call: Call) -> str:
    """What a chain for bytes was chosen by."""
    if names := server_names(chain):
        return f"the client calls {call.host} (SNI), the chain is for {', '.join(names)}"
    return "takes every connection to the port"


def server_names(chain: Json) -> list[str]:
    """The names for which a chain is; none for any."""
    return list((chain.get("filter_chain_match") or {}).get("server_names") or ())


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
