"""What rules of the Gateway API and for gateways are attached to: parents, backends, and the pods of a gateway.

Source: gateway-api.sigs.k8s.io/reference/spec for what a reference leaves out; istio/istio,
pilot/pkg/config/kube/gateway/conversion.go (Services as parents, addresses, backends of kind Hostname) and
pilot/pkg/model/policyattachment.go (`targetRefs`, and the label of a Gateway's own pods).

Left out: ListenerSets; ServiceEntries as parents, which only waypoints have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from meshtutor.kube import hosts, objects
from meshtutor.kube.kinds import GATEWAY_API_GROUP
from meshtutor.telemetry.graph import Node
from meshtutor.telemetry.graph.standing import Standing

Object = Mapping[str, Any]
ROUTES: Final = ("HTTPRoute", "GRPCRoute")
GATEWAY_NAME: Final = "gateway.networking.k8s.io/gateway-name"
_ISTIO_GROUP: Final = "networking.istio.io"
_MESH: Final = "mesh"


class Named(NamedTuple):
    """A Gateway (of the API whose group it is) or a Service."""

    group: str
    namespace: str
    name: str


def group_of(obj: Object) -> str:
    """The API group of an object."""
    return str(obj.get("apiVersion", "")).rpartition("/")[0]


def is_kubernetes_gateway(obj: Object) -> bool:
    """Whether it is the Gateway API's Gateway, not Istio's."""
    return obj["kind"] == "Gateway" and group_of(obj) == GATEWAY_API_GROUP


def gateway_named(obj: Object) -> Named:
    """A Gateway as `gateways_of` names it."""
    group = GATEWAY_API_GROUP if is_kubernetes_gateway(obj) else _ISTIO_GROUP
    return Named(group, objects.namespace(obj), objects.name(obj))


def gateways_of(rule: Object) -> Iterator[Named]:
    """The Gateways that a route attaches itself to, or a VirtualService names."""
    own = objects.namespace(rule)
    if rule["kind"] in ROUTES:
        yield from (parent for parent in _parents(rule) if parent.group == GATEWAY_API_GROUP)
    elif rule["kind"] == "VirtualService":
        for name in objects.spec(rule).get("gateways") or ():
            owner, slash, short = str(name).partition("/")
            if name != _MESH:
                yield Named(_ISTIO_GROUP, own if not slash or owner == "." else owner, short or owner)


def parent_hosts(route: Object) -> Iterator[str]:
    """The hosts of the Services that are parents of a route: it rules the calls to them inside the mesh."""
    yield from (_host(parent.name, parent.namespace) for parent in _parents(route) if not parent.group)


def backend_hosts(route: Object) -> Iterator[str]:
    """The hosts to which a route's rules lead, mirrors included."""
    own = objects.namespace(route)
    for rule in objects.spec(route).get("rules") or ():
        mirrors = [(one.get("requestMirror") or {}).get("backendRef") for one in rule.get("filters") or ()]
        for ref in filter(None, (*(rule.get("backendRefs") or ()), *mirrors)):
            kind, name = (ref.get("group", ""), ref.get("kind", "Service")), str(ref.get("name", ""))
            if kind == ("", "Service"):
                yield _host(name, str(ref.get("namespace") or own))
            elif kind == (_ISTIO_GROUP, "Hostname"):
                yield name


def granted(grant: Object, host: str) -> str:
    """Whose objects a ReferenceGrant lets refer to a host's Service, in words; "" if it is about others."""
    own, spec = objects.namespace(grant), objects.spec(grant)
    to = [one for one in spec.get("to") or () if (one.get("group", ""), one.get("kind")) == ("", "Service")]
    if not any(_host(str(one["name"]), own) == host if one.get("name") else _is_in(host, own) for one in to):
        return ""
    whose = (f"{one.get('kind')}s of {one.get('namespace')}" for one in spec.get("from") or ())
    return ", ".join(dict.fromkeys(whose))


def opens(gateway: Object, node: Node, standing: Standing) -> bool:
    """Whether a Gateway, Istio's or the Gateway API's, is served by the pods of a workload."""
    spec, labels = objects.spec(gateway), standing.labels(node.namespace, node.name)
    if not is_kubernetes_gateway(gateway):
        return bool((spec.get("selector") or {}).items() <= labels.items())
    own = objects.namespace(gateway)
    named = [one.get("value") for one in spec.get("addresses") or () if one.get("type") == "Hostname"]
    if not named:
        return labels.get(GATEWAY_NAME) == objects.name(gateway) and own == node.namespace
    services = (hosts.full(str(value), own).removesuffix(f".{hosts.DOMAIN}").split(".") for value in named)
    return any(
        standing.chooses((parts[1], parts[0]), node.namespace, labels)
        for parts in services
        if len(parts) == 2  # a name and a namespace; other hosts are nobody's pods
    )


def targets(policy: Object, node: Node, labels: Mapping[str, str]) -> bool | None:
    """Whether a policy's `targetRefs` mean a gateway's workload; None if it has none and goes by its selector."""
    spec = objects.spec(policy)
    refs = spec.get("targetRefs") or [one for one in (spec.get("targetRef"),) if one]
    if not refs:
        return None
    wanted = (GATEWAY_API_GROUP, "Gateway", labels.get(GATEWAY_NAME))
    here = objects.namespace(policy) == node.namespace
    return here and any((one.get("group"), one.get("kind"), one.get("name")) == wanted for one in refs)


def _parents(route: Object) -> Iterator[Named]:
    own = objects.namespace(route)
    for ref in objects.spec(route).get("parentRefs") or ():
        kind = (ref.get("group", GATEWAY_API_GROUP), ref.get("kind", "Gateway"))
        if kind in ((GATEWAY_API_GROUP, "Gateway"), ("", "Service")):
            yield Named(kind[0], str(ref.get("namespace") or own), str(ref.get("name", "")))


def _host(name: str, namespace: str) -> str:
    return f"{name}.{namespace}.{hosts.DOMAIN}"


def _is_in(host: str, namespace: str) -> bool:
    return host.endswith(f".{namespace}.{hosts.DOMAIN}")
