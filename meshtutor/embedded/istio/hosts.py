"""Hosts: the names under which the mesh knows services, from Services and ServiceEntries.

A host is what a cluster is built for and what rules refer to: `reviews.default.svc.cluster.local`. Short names in
rules are completed with the rule's own namespace (Istio's API reference, VirtualService, `hosts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.mesh_config import DOMAIN
from meshtutor.embedded.istio.reading import Key, Object, annotations_of, key_of, spec_of

TLS_PROTOCOLS: Final = frozenset({"HTTPS", "TLS"})
LOOKED_UP: Final = frozenset({"DNS", "DNS_ROUND_ROBIN"})
HTTP_PROTOCOLS: Final = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB", "UNSUPPORTED"})
"""Protocols that get HTTP routes. UNSUPPORTED is Istio's word for "not declared": there it is sniffed; traffic that
comes through `http_proxy` is HTTP by nature."""

_NEAR: Final = {
    "preferclose": "PreferSameZone",
    "prefersamezone": "PreferSameZone",
    "prefersamenode": "PreferSameNode",
}
_TCP_PORTS: Final = frozenset({25, 53, 3306, 27017})
_NAMES: Final = {
    "http": "HTTP", "http2": "HTTP2", "h2c": "HTTP2", "grpc": "GRPC", "grpc-web": "GRPC-WEB", "https": "HTTPS",
    "tls": "TLS", "tcp": "TCP", "mongo": "TCP", "mysql": "TCP", "redis": "TCP", "udp": "UDP",
    "kubernetes.io/h2c": "HTTP2", "kubernetes.io/ws": "HTTP", "kubernetes.io/wss": "HTTPS",
}  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Port:
    """A port of a host; `name` ties it to endpoints, `target` is the Service's targetPort."""

    number: int
    name: str
    protocol: str
    target: int | str

    @property
    def is_http(self) -> bool:
        """Whether HTTP routes apply."""
        return self.protocol in HTTP_PROTOCOLS

    @property
    def is_tls(self) -> bool:
        """Whether clients speak TLS to its servers, and the proxy only passes it on."""
        return self.protocol in TLS_PROTOCOLS

    @property
    def is_http2(self) -> bool:
        """Whether its servers speak HTTP/2 without being asked."""
        return self.protocol in ("HTTP2", "GRPC")


@dataclass(frozen=True, eq=False, slots=True)
class Host:
    """A service by its full name. `addresses` are its own, a Service's cluster IP; `external` a load balancer's.

    `outside`: a ServiceEntry says that it is no part of the mesh (MESH_EXTERNAL). `resolution` is a ServiceEntry's,
    STATIC for a Service; `selector` picks its pods and WorkloadEntries, empty where it lists its endpoints.
    `distribution`: PreferSameZone or PreferSameNode, "" for anywhere.
    """

    fqdn: str
    name: str
    namespace: str
    ports: tuple[Port, ...]
    addresses: tuple[str, ...]
    selector: tuple[tuple[str, str], ...]
    export_to: frozenset[str]
    external: tuple[str, ...] = ()
    outside: bool = False
    resolution: str = "STATIC"
    distribution: str = ""

    @property
    def key(self) -> Key:
        """What its endpoints are filed under; only hosts of one namespace share theirs."""
        return self.namespace, self.fqdn

    @property
    def looked_up(self) -> bool:
        """Whether each proxy asks DNS for the endpoints' addresses."""
        return self.resolution in LOOKED_UP

    @property
    def forwarded(self) -> bool:
        """Whether a request goes to the address that its own host has: there are no endpoints."""
        return self.resolution == "NONE"

    def port(self, number: int) -> Port | None:
        """The port with this number."""
        return next((port for port in self.ports if port.number == number), None)

    @property
    def default_port(self) -> Port | None:
        """What a bare name means: port 80 if there is one, else the first HTTP port.

        A host without endpoints is asked on the port that the request names, which is 80 in a bare one.
        """
        if self.forwarded:
            return self.port(80)
        return self.port(80) or next((port for port in self.ports if port.is_http), None)

    def visible_from(self, namespace: str) -> bool:
        """Whether clients in the namespace see it (`networking.istio.io/exportTo`)."""
        return visible(self.export_to, self.namespace, namespace)


def host_of_service(service: Object) -> Host:
    """The host of a Kubernetes Service (serviceregistry/kube/conversion.go)."""
    namespace, name = key_of(service)
    spec = spec_of(service)
    address = str(spec.get("clusterIP") or "")
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    exported = annotations_of(service).get("networking.istio.io/exportTo", "")
    return Host(
        fqdn=f"{name}.{namespace}.svc.{DOMAIN}",
        name=name,
        namespace=namespace,
        ports=tuple(_port(port) for port in spec.get("ports") or ()),
        addresses=(address,) if address not in ("", "None") else (),
        selector=tuple(sorted((spec.get("selector") or {}).items())),
        export_to=frozenset(part.strip() for part in exported.split(",") if part.strip()),
        external=tuple(str(i.get("ip") or i.get("hostname")) for i in balancer.get("ingress") or ()),
        distribution=distribution_of(service),
    )


def distribution_of(obj: Object) -> str:
    """`trafficDistribution`, or the older annotation, of a Service, a ServiceEntry or a namespace; "" for anywhere.

    What a namespace says holds for hosts that say nothing (pilot/pkg/model/service.go, GetTrafficDistribution).
    """
    if known := _NEAR.get(str(spec_of(obj).get("trafficDistribution", "")).lower()):
        return known
    return _NEAR.get(annotations_of(obj).get("networking.istio.io/traffic-distribution", "").lower(), "")


def _port(port: dict[str, Any]) -> Port:
    number = int(port["port"])
    name = str(port.get("name") or "")
    found = protocol(number, name, str(port.get("appProtocol") or ""), str(port.get("protocol") or "TCP"))
    return Port(number, name, found, port.get("targetPort") or number)


def protocol(number: int, name: str, app_protocol: str, transport: str) -> str:
    """The protocol of a Service's port (pkg/config/kube/conversion.go: appProtocol, then the name's prefix)."""
    if transport != "TCP":
        return transport
    if app_protocol:
        return _NAMES.get(app_protocol.lower(), "UNSUPPORTED")
    if number in _TCP_PORTS and not name:
        return "TCP"
    lowered = name.lower()
    prefix = "grpc-web" if lowered.startswith("grpc-web") else lowered.split("-")[0]
    return _NAMES.get(prefix, "TCP" if number in _TCP_PORTS else "UNSUPPORTED")


def resolve(host: str, namespace: str) -> str:
    """A host in a rule as a full name: `reviews` -> `reviews.NAMESPACE.svc.cluster.local`.

    Only a name without a dot is completed, as in Istio (pilot/pkg/model/virtualservice.go, ResolveShortnameToFQDN);
    `reviews.default` is therefore not a Kubernetes service there, a trap that `analyze` warns about.
    """
    if "*" in host or "." in host or not host:
        return host
    return f"{host}.{namespace}.svc.{DOMAIN}"


def host_matches(pattern: str, host: str) -> bool:
    """Whether a name, `*` or `*.suffix` covers a host (pkg/config/host/name.go, SubsetOf for a plain host)."""
    if pattern == "*":
        return True
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return pattern == host


def visible(export_to: frozenset[str], owner: str, client: str) -> bool:
    """`exportTo`: empty or `*` is everywhere, `.` the owner's namespace, else a list of namespaces."""
    if not export_to or "*" in export_to:
        return True
    return client in export_to or ("." in export_to and owner == client)
