"""VirtualServices with their names completed, and which of them applies to whom.

Precedence (pilot/pkg/model/push_context.go): the less visible a rule is, the earlier, and then by age. A sidecar takes
one VirtualService per host and port, the first of the most specific that says something to it; gateways merge all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.hosts import host_matches, resolve, visible
from meshtutor.embedded.istio.reading import Object, key_of, seniority, spec_of

MESH: Final = "mesh"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule was written when delegation moved it: object and place (`http[2]`), and the same of the root's rule.

    `matches` has for each match of the rule its number in the delegate and in the root, None where it has no part.
    """

    config_path: str
    rule: str
    root_path: str = ""
    root_rule: str = ""
    matches: tuple[tuple[int | None, int | None], ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class VirtualService:
    """A VirtualService; `hosts` are full names, `gateways` are `mesh` or `NAMESPACE/NAME`.

    One that delegates has its delegates' rules in `http`, with an origin for each, and knows its `parts`. One that was
    made of HTTPRoutes says so by `gateway_api`: some things mean something else there. `tls` and `tcp`, the rules for
    bytes, are followed at gateways.
    """

    namespace: str
    name: str
    hosts: tuple[str, ...]
    gateways: frozenset[str]
    export_to: frozenset[str]
    http: tuple[dict[str, Any], ...]
    seniority: tuple[str, str]
    origins: tuple[Origin, ...] = ()
    parts: tuple[VirtualService, ...] = ()
    gateway_api: bool = False
    tls: tuple[dict[str, Any], ...] = ()
    tcp: tuple[dict[str, Any], ...] = ()

    @property
    def config_path(self) -> str:
        """How Istio's metadata names the object."""
        return f"/apis/networking.istio.io/v1/namespaces/{self.namespace}/virtual-service/{self.name}"

    @property
    def destination_hosts(self) -> frozenset[str]:
        """Every host to which some route or mirror leads, by full name."""
        return frozenset(resolve(str(d.get("host", "")), self.namespace) for d in self._destinations())

    def _destinations(self) -> Iterator[dict[str, Any]]:
        for rule in self.http:
            yield from (route.get("destination") or {} for route in rule.get("route") or ())
            yield from (mirror.get("destination") or {} for mirror in rule.get("mirrors") or ())
            yield rule.get("mirror") or {}


def virtual_service(obj: Object) -> VirtualService:
    """Read a VirtualService."""
    namespace, name = key_of(obj)
    spec = spec_of(obj)
    return VirtualService(
        namespace=namespace,
        name=name,
        hosts=tuple(resolve(str(host), namespace) for host in spec.get("hosts") or ()),
        gateways=gateway_names(spec.get("gateways") or (MESH,), namespace),
        export_to=frozenset(spec.get("exportTo") or ()),
        http=tuple(_in_one_spelling(rule) for rule in spec.get("http") or ()),
        seniority=seniority(obj),
        tls=tuple(spec.get("tls") or ()),
        tcp=tuple(spec.get("tcp") or ()),
    )


def _in_one_spelling(rule: dict[str, Any]) -> dict[str, Any]:
    """`mirror_percent` is `mirrorPercent`: the API has both (istio/api, virtual_service.proto)."""
    if "mirror_percent" not in rule:
        return rule
    rest = {field: value for field, value in rule.items() if field != "mirror_percent"}
    return {"mirrorPercent": rule["mirror_percent"], **rest}


def gateway_names(names: Iterable[str], namespace: str) -> frozenset[str]:
    """Gateways with their namespace: `g` -> `NAMESPACE/g`; `./g` is the rule's own namespace too."""
    return frozenset(_gateway_name(str(name), namespace) for name in names)


def _gateway_name(name: str, namespace: str) -> str:
    if name == MESH:
        return MESH
    owner, slash, short = name.partition("/")
    return f"{namespace if owner == '.' else owner}/{short}" if slash else f"{namespace}/{name}"


class VirtualServices:
    """All VirtualServices, oldest first, with an index of the hosts they rule for sidecars."""

    def __init__(self, rules: Iterable[VirtualService]) -> None:
        self.all = sorted(rules, key=lambda rule: rule.seniority)
        self._for_mesh: dict[str, list[VirtualService]] = {}
        for rule in self.all:
            for host in dict.fromkeys(rule.hosts) if MESH in rule.gateways else ():
                self._for_mesh.setdefault(host, []).append(rule)
        wildcards = (host for host in self._for_mesh if host.startswith("*"))
        self._wildcards = sorted(wildcards, key=len, reverse=True)

    @property
    def source_labels(self) -> frozenset[str]:
        """The label keys by which matches choose clients."""
        each = (match for rule in self.all for http in rule.http for match in http.get("match") or ())
        return frozenset(label for match in each for label in match.get("sourceLabels") or ())

    def for_sidecar(
        self, host: str, namespace: str, knows: Callable[[VirtualService], bool] = bool
    ) -> tuple[VirtualService, ...]:
        """The rules for a host that clients in a namespace may follow: the first that has routes for a client counts.

        Rules of the host itself go before wildcards, of which one counts: the oldest of the most specific
        (BuildSidecarVirtualHostWrapper, computeWildcardHostVirtualServiceIndex). `knows`: which of them the client's
        Sidecar lets it see.
        """
        own = _for_client(filter(knows, self._for_mesh.get(host, ())), namespace)
        if own:
            return tuple(own)
        for pattern in self._wildcards:
            if host_matches(pattern, host):
                found = _for_client(filter(knows, self._for_mesh[pattern]), namespace)
                if found:
                    return (found[0],)
        return ()

    def mesh_hosts(self) -> Iterator[str]:
        """Every host that some rule for sidecars names, wildcards last and the most specific of them first."""
        yield from (host for host in self._for_mesh if not host.startswith("*"))
        yield from self._wildcards

    def for_gateway(self, gateway: str, namespace: str) -> list[VirtualService]:
        """The rules bound to a gateway (`NAMESPACE/NAME`) that a proxy in `namespace` may see."""
        return _for_client((rule for rule in self.all if gateway in rule.gateways), namespace)


def _for_client(rules: Iterable[VirtualService], namespace: str) -> list[VirtualService]:
    """The rules that a client in a namespace may see, the most private first, each group as it came: by age.

    Source: push_context.go (VirtualServicesForGateway) and virtualservice.go (SelectVirtualServices): those that are
    exported to their own namespace alone, then those that name the client's, then those for all; of these, HTTPRoutes
    of the client's own namespace go first.
    """
    seen = [rule for rule in rules if visible(rule.export_to, rule.namespace, namespace)]
    return sorted(seen, key=lambda rule: _distance(rule, namespace))


def _distance(rule: VirtualService, namespace: str) -> tuple[int, bool]:
    if not rule.export_to or "*" in rule.export_to:
        return 2, not (rule.gateway_api and rule.namespace == namespace)
    return (0 if rule.namespace == namespace else 1), False
