"""Sidecar: what a pod's proxy listens on, and what the pod may call.

Source: Istio's pkg/config/validation/validation.go (ValidateSidecar).
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.validation import names, server_tls, sharing
from meshtutor.embedded.istio.validation.http_route import destination
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning
from meshtutor.kube import objects

Listener = dict[str, Any]
_UNIX: Final = "unix://"
_LOCAL: Final = ("", "127.0.0.1", "0.0.0.0", "[::1]", "[::]")  # the addresses that Istio names
_NOT_IN_TLS: Final = (
    "subjectAltNames",
    "httpsRedirect",
    "credentialName",
    "credentialNames",
    "tlsCertificates",
)


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one Sidecar."""
    spec: Spec = obj.get("spec") or {}
    yield from sharing.selector(spec, "workloadSelector", "labels")
    if not any(spec.get(k) for k in ("egress", "ingress", "inboundConnectionPool")) and (
        "outboundTrafficPolicy" not in spec
    ):
        yield error("spec", "an empty configuration: expected egress, ingress or outboundTrafficPolicy")
    yield from _unique_ports(spec.get("ingress") or [], "spec.ingress")
    yield from _unique_ports(spec.get("egress") or [], "spec.egress")
    for path, listener in each(spec.get("ingress"), "spec.ingress"):
        yield from _ingress(listener, path)
    yield from sharing.connection_pool(spec.get("inboundConnectionPool"), "spec.inboundConnectionPool")
    last = len(spec.get("egress") or ()) - 1
    for index, (path, listener) in enumerate(each(spec.get("egress"), "spec.egress")):
        if "port" not in listener and index != last:
            yield error(path, "the egress listener without a port must be the last one")
        yield from _egress(listener, path, objects.namespace(obj) or objects.DEFAULT_NAMESPACE)
    yield from _policy(spec.get("outboundTrafficPolicy"), "spec.outboundTrafficPolicy")


def _unique_ports(listeners: list[Listener], path: str) -> Problems:
    seen: set[int] = set()
    for place, listener in each(listeners, path):
        number = (listener.get("port") or {}).get("number", 0)
        if number and number in seen:
            yield error(f"{place}.port.number", f"ports must be unique: {number}")
        seen.add(number)


def _port(listener: Listener, path: str) -> Problems:
    port = listener.get("port") or {}
    if port.get("name"):
        yield from unless_fine(f"{path}.port.name", names.port_name(port["name"]))
    yield from unless_fine(f"{path}.port.protocol", names.protocol(port.get("protocol", "")))
    if port.get("targetPort"):
        yield error(f"{path}.port.targetPort", "targetPort has no effect on sidecars")


def _ingress(listener: Listener, path: str) -> Problems:
    yield from _port(listener, path)
    yield from unless_fine(f"{path}.port.number", names.port((listener.get("port") or {}).get("number", 0)))
    if listener.get("bind"):
        yield from unless_fine(f"{path}.bind", names.address(listener["bind"]))
    yield from unless_fine(f"{path}.defaultEndpoint", _endpoint(listener.get("defaultEndpoint", "")))
    yield from sharing.connection_pool(listener.get("connectionPool"), f"{path}.connectionPool")
    if (tls := listener.get("tls")) is not None:
        for field in _NOT_IN_TLS:
            if tls.get(field):
                yield error(f"{path}.tls.{field}", f"{field} is not supported here")
        if tls.get("mode") in ("ISTIO_MUTUAL", "AUTO_PASSTHROUGH"):
            yield error(f"{path}.tls.mode", f"{tls['mode']} is not possible here")
        if str((listener.get("port") or {}).get("protocol", "")).upper() not in names.TLS_PROTOCOLS:
            yield error(f"{path}.tls", "only ports with protocol HTTPS or TLS can have TLS settings")
        yield from server_tls.check(tls, f"{path}.tls")


def _endpoint(text: str) -> str:
    if not text:
        return ""
    if text.startswith(_UNIX):
        return names.unix_path(text.removeprefix(_UNIX))
    host, colon, number = text.rpartition(":")
    if not colon or host not in _LOCAL:
        return f"{text!r}: expected 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix://PATH"
    return names.port(int(number)) if number.isdigit() else f"the port {number!r} is not a number"


def _egress(listener: Listener, path: str, namespace: str) -> Problems:
    if "port" in listener:
        yield from _port(listener, path)
        yield from _bind(listener, path)
    if not listener.get("hosts"):
        yield error(f"{path}.hosts", "an egress listener must have at least one host", 'for instance "./*"')
    seen: set[tuple[str, str]] = set()
    for place, host in each(listener.get("hosts"), f"{path}.hosts"):
        yield from unless_fine(place, names.host_with_namespace(host, gateway=False))
        space, _, name = host.partition("/")
        key = (namespace if space == "." else space, name)
        if key in seen or (key[0], "*") in seen:
            yield warning(place, f"duplicated egress host: {host}")
        seen.add(key)
    if ("*", "*") in seen and len({space for space, _ in seen}) > 1:
        yield warning(f"{path}.hosts", "`*/*` selects everything, so the other hosts say nothing")


def _bind(listener: Listener, path: str) -> Problems:
    number, bind = (listener.get("port") or {}).get("number", 0), listener.get("bind", "")
    if number:
        yield from unless_fine(f"{path}.port.number", names.port(number))
        if bind:
            yield from unless_fine(f"{path}.bind", names.address(bind))
    elif not bind.startswith(_UNIX):
        yield error(f"{path}.port.number", "port 0 needs a unix domain socket in bind")
    else:
        yield from unless_fine(f"{path}.bind", names.unix_path(bind.removeprefix(_UNIX)))
        if listener.get("captureMode", "DEFAULT") == "IPTABLES":
            yield error(f"{path}.captureMode", "must be DEFAULT or NONE for a unix domain socket")


def _policy(policy: dict[str, Any] | None, path: str) -> Problems:
    proxy = (policy or {}).get("egressProxy")
    if proxy is None or policy is None:
        return
    if policy.get("mode", "REGISTRY_ONLY") != "ALLOW_ANY":
        yield error(f"{path}.egressProxy", "egressProxy needs mode: ALLOW_ANY")
        return
    yield from unless_fine(f"{path}.egressProxy.host", names.fqdn(proxy.get("host", "")))
    if "port" not in proxy:
        yield error(f"{path}.egressProxy.port", "egressProxy needs a port")
    yield from destination(proxy, f"{path}.egressProxy")
