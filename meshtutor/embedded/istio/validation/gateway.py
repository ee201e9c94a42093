"""Gateway: servers, their ports, hosts and TLS.

Source: Istio's pkg/config/validation/validation.go (ValidateGateway).
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.validation import names, server_tls
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning
from meshtutor.kube import objects

_UNIX = "unix://"


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one Gateway."""
    spec: Spec = obj.get("spec") or {}
    name = objects.name(obj)
    if name and not names.is_label(name):
        yield error(
            "metadata.name", f"invalid gateway name: {name!r}", "expected letters, digits and dashes, no dots"
        )
    if not spec.get("servers"):
        yield error("spec.servers", "a gateway must have at least one server")
    seen: set[str] = set()
    for path, server in each(spec.get("servers"), "spec.servers"):
        yield from _server(server, path)
        port = server.get("port") or {}
        if (name := port.get("name", "")) in seen:
            yield error(f"{path}.port.name", f"port names in servers must be unique: duplicate name {name}")
        seen.add(name)
        protocol = str(port.get("protocol", "")).upper()
        if (server.get("tls") or {}).get("httpsRedirect") and protocol not in names.HTTP_PROTOCOLS:
            yield warning(f"{path}.tls.httpsRedirect", "httpsRedirect should only be used with HTTP servers")


def _server(server: dict[str, Any], path: str) -> Problems:
    if not server.get("hosts"):
        yield error(f"{path}.hosts", "a server must have at least one host", 'expected for instance "*"')
    for place, host in each(server.get("hosts"), f"{path}.hosts"):
        yield from unless_fine(place, names.host_with_namespace(host, gateway=True))
    port, bind = server.get("port") or {}, server.get("bind", "")
    yield from _port(port, bind, f"{path}.port")
    if bind and not bind.startswith(_UNIX):
        yield from unless_fine(f"{path}.bind", names.address(bind))
    elif bind:
        yield from unless_fine(f"{path}.bind", names.unix_path(bind.removeprefix(_UNIX)))
        if port.get("number"):
            yield error(f"{path}.port.number", "port number must be 0 for a unix domain socket")
    yield from server_tls.check(server.get("tls"), f"{path}.tls")
    yield from _tls_fits(server, path)


def _port(port: dict[str, Any], bind: str, path: str) -> Problems:
    protocol = port.get("protocol", "")
    if not protocol or names.protocol(protocol):
        hint = "one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP, TLS"
        yield error(f"{path}.protocol", f"invalid protocol {protocol!r}", hint)
    number = port.get("number", 0)
    if number or not bind.startswith(_UNIX):
        yield from unless_fine(f"{path}.number", names.port(number))
    if port.get("targetPort"):
        yield error(f"{path}.targetPort", "targetPort has no effect on gateways")
    if not port.get("name"):
        yield error(f"{path}.name", "the port must have a name")


def _tls_fits(server: dict[str, Any], path: str) -> Problems:
    """TLS settings where the protocol is TLS, and only there; plain HTTP may redirect to https."""
    protocol = str((server.get("port") or {}).get("protocol", "")).upper()
    if names.protocol(protocol) or not protocol:
        return
    tls = server.get("tls")
    if protocol in names.TLS_PROTOCOLS:
        if tls is None:
            yield error(f"{path}.tls", f"a server with protocol {protocol} must have TLS settings")
    elif tls is not None and protocol in names.HTTP_PROTOCOLS:
        passes = tls.get("mode", "PASSTHROUGH") in ("PASSTHROUGH", "AUTO_PASSTHROUGH")
        if not passes or any(tls.get(key) for key in ("caCertificates", "privateKey", "serverCertificate")):
            yield error(
                f"{path}.tls", "a plain text HTTP server cannot have TLS settings other than httpsRedirect"
            )
    elif tls is not None:
        yield error(f"{path}.tls", f"a server with protocol {protocol} cannot have TLS settings")
