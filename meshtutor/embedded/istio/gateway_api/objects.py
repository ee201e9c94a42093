"""Gateways, HTTPRoutes and ReferenceGrants as small values. Equal content is equal, so that a status is no change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.reading import Object, annotations_of, key_of, seniority, spec_of
from meshtutor.kube.kinds import GATEWAY_API_GROUP

CONTROLLER: Final = "istio.io/gateway-controller"
"""The name by which a GatewayClass says that its Gateways are Istio's (features.ManagedGatewayController)."""
CLASS: Final = "istio"


@dataclass(frozen=True)
class Identity:
    """What a status needs to know of the object it is written to."""

    namespace: str
    name: str
    uid: str
    generation: int
    seniority: tuple[str, str]


@dataclass(frozen=True)
class Listener:
    """A listener; `hostname` is "" where it serves all, `allowed` its `allowedRoutes`."""

    name: str
    hostname: str
    port: int
    protocol: str
    allowed: dict[str, Any]
    tls: dict[str, Any]


@dataclass(frozen=True)
class KubernetesGateway:
    """A Gateway of the Gateway API."""

    identity: Identity
    class_name: str
    listeners: tuple[Listener, ...]
    addresses: tuple[tuple[str, str], ...]
    infrastructure: dict[str, Any]
    service_type: str
    has_tls: bool

    @property
    def is_managed(self) -> bool:
        """Whether its proxies are made for it: no address names a Service that is there already (IsManaged)."""
        return not self.addresses or (len(self.addresses) == 1 and self.addresses[0][0] == "IPAddress")

    @property
    def managed_name(self) -> str:
        """The name of the objects that are made for it."""
        return f"{self.identity.name}-{self.class_name}"


@dataclass(frozen=True)
class ParentRef:
    """A reference to a parent; `written` is it as the route has it, for the status."""

    group: str
    kind: str
    namespace: str
    name: str
    section: str
    port: int
    written: dict[str, Any]

    @property
    def is_gateway(self) -> bool:
        """A Gateway of this API."""
        return (self.group, self.kind) == (GATEWAY_API_GROUP, "Gateway")

    @property
    def is_service(self) -> bool:
        """A Service: the route is for calls inside the mesh."""
        return (self.group, self.kind) == ("", "Service")


@dataclass(frozen=True)
class HttpRoute:
    """An HTTPRoute; `rules` as in the object."""

    identity: Identity
    parents: tuple[ParentRef, ...]
    hostnames: tuple[str, ...]
    rules: tuple[dict[str, Any], ...]

    @property
    def config_path(self) -> str:
        """How this project's route metadata name the object."""
        own = self.identity
        return f"/apis/{GATEWAY_API_GROUP}/v1/namespaces/{own.namespace}/http-route/{own.name}"


@dataclass(frozen=True)
class Grant:
    """A ReferenceGrant: who (group, kind, namespace) may refer to what (group, kind, name or "") in its namespace."""

    namespace: str
    froms: frozenset[tuple[str, str, str]]
    tos: frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class GatewayClass:
    """A GatewayClass."""

    identity: Identity
    controller: str


def gateway_class(obj: Object) -> GatewayClass:
    """Read a GatewayClass."""
    return GatewayClass(_identity(obj), str(spec_of(obj).get("controllerName", "")))


def gateway(obj: Object) -> KubernetesGateway:
    """Read a Gateway."""
    spec = spec_of(obj)
    return KubernetesGateway(
        _identity(obj),
        str(spec.get("gatewayClassName", "")),
        tuple(_listener(listener) for listener in spec.get("listeners") or ()),
        tuple(
            (str(a.get("type") or "IPAddress"), str(a.get("value") or ""))
            for a in spec.get("addresses") or ()
        ),
        spec.get("infrastructure") or {},
        annotations_of(obj).get("networking.istio.io/service-type", ""),
        bool(spec.get("tls")),
    )


def http_route(obj: Object) -> HttpRoute:
    """Read an HTTPRoute."""
    spec, identity = spec_of(obj), _identity(obj)
    return HttpRoute(
        identity,
        tuple(_parent(ref, identity.namespace) for ref in spec.get("parentRefs") or ()),
        tuple(spec.get("hostnames") or ()),
        tuple(spec.get("rules") or ({},)),
    )


def grant(obj: Object) -> Grant:
    """Read a ReferenceGrant."""
    spec = spec_of(obj)
    return Grant(
        key_of(obj)[0],
        frozenset(
            (f.get("group", ""), f.get("kind", ""), f.get("namespace", "")) for f in spec.get("from") or ()
        ),
        frozenset((t.get("group", ""), t.get("kind", ""), t.get("name", "")) for t in spec.get("to") or ()),
    )


def _identity(obj: Object) -> Identity:
    namespace, name = key_of(obj)
    meta = obj["metadata"]
    return Identity(namespace, name, str(meta.get("uid", "")), int(meta.get("generation", 1)), seniority(obj))


def _listener(listener: dict[str, Any]) -> Listener:
    return Listener(
        str(listener.get("name", "")),
        str(listener.get("hostname") or ""),
        int(listener.get("port", 0)),
        str(listener.get("protocol", "")),
        listener.get("allowedRoutes") or {},
        listener.get("tls") or {},
    )


def _parent(ref: dict[str, Any], namespace: str) -> ParentRef:
    return ParentRef(
        str(ref.get("group", GATEWAY_API_GROUP)),
        str(ref.get("kind", "Gateway")),
        str(ref.get("namespace") or namespace),
        str(ref.get("name", "")),
        str(ref.get("sectionName") or ""),
        int(ref.get("port") or 0),
        ref,
    )
