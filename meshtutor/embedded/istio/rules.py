"""VirtualServices, DestinationRules and Gateways with their names completed, and which of them applies to whom.

Precedence: older rules first (pilot/pkg/model/push_context.go). A sidecar takes one VirtualService per host, the most
specific and then the oldest; gateways merge all of them. A DestinationRule is looked up in the client's namespace,
then the service's, then the root namespace; several for one host in one namespace are merged: subsets are collected,
the oldest traffic policy stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.hosts import host_matches, resolve, visible
from meshtutor.embedded.istio.mesh_config import ROOT_NAMESPACE
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
    made of HTTPRoutes says so by `gateway_api`: some things mean something else there.
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


@dataclass(frozen=True, eq=False, slots=True)
class DestinationRule:
    """A DestinationRule, or several for one host in one; `subsets` by name."""

    namespace: str
    name: str
    host: str
    export_to: frozenset[str]
    policy: dict[str, Any]
    subsets: dict[str, dict[str, Any]]
    selector: dict[str, str]
    seniority: tuple[str, str]

    @property
    def config_path(self) -> str:
        """How Istio's metadata names the object."""
        return f"/apis/networking.istio.io/v1/namespaces/{self.namespace}/destination-rule/{self.name}"


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
        http=tuple(spec.get("http") or ()),
        seniority=seniority(obj),
    )


def gateway_names(names: Iterable[str], namespace: str) -> frozenset[str]:
    """Gateways with their namespace: `g` -> `NAMESPACE/g`; `./g` is the rule's own namespace too."""
    return frozenset(_gateway_name(str(name), namespace) for name in names)


def _gateway_name(name: str, namespace: str) -> str:
    if name == MESH:
        return MESH
    owner, slash, short = name.partition("/")
    return f"{namespace if owner == '.' else owner}/{short}" if slash else f"{namespace}/{name}"


def destination_rule(obj: Object) -> DestinationRule:
    """Read a DestinationRule."""
    namespace, name = key_of(obj)
    spec = spec_of(obj)
    return DestinationRule(
        namespace=namespace,
        name=name,
        host=resolve(str(spec.get("host", "")), namespace),
        export_to=frozenset(spec.get("exportTo") or ()),
        policy=spec.get("trafficPolicy") or {},
        subsets={str(subset["name"]): subset for subset in spec.get("subsets") or ()},
        selector=(spec.get("workloadSelector") or {}).get("matchLabels") or {},
        seniority=seniority(obj),
    )


class VirtualServices:
    """All VirtualServices, oldest first, with an index of the hosts they rule for sidecars."""

    def __init__(self, rules: Iterable[VirtualService]) -> None:
        self.all = sorted(rules, key=lambda rule: rule.seniority)
        self._exact: dict[str, list[VirtualService]] = {}
        self._wild: list[tuple[str, VirtualService]] = []
        for rule in self.all:
            if MESH in rule.gateways:
                for host in rule.hosts:
                    self._add(host, rule)
        self._wild.sort(key=lambda pair: -len(pair[0]))

    def _add(self, host: str, rule: VirtualService) -> None:
        if host.startswith("*"):
            self._wild.append((host, rule))
        else:
            self._exact.setdefault(host, []).append(rule)

    @property
    def source_labels(self) -> frozenset[str]:
        """The label keys by which matches choose clients."""
        each = (match for rule in self.all for http in rule.http for match in http.get("match") or ())
        return frozenset(label for match in each for label in match.get("sourceLabels") or ())

    def for_sidecar(self, host: str, namespace: str) -> VirtualService | None:
        """The rule that clients in a namespace follow for a host; HTTPRoutes of their own namespace go first."""
        exact = [r for r in self._exact.get(host, ()) if visible(r.export_to, r.namespace, namespace)]
        if exact:
            return next((r for r in exact if r.gateway_api and r.namespace == namespace), exact[0])
        for pattern, rule in self._wild:
            if host_matches(pattern, host) and visible(rule.export_to, rule.namespace, namespace):
                return rule
        return None

    def mesh_hosts(self) -> Iterator[str]:
        """Every host, wildcards included, that some rule for sidecars names."""
        yield from self._exact
        yield from dict.fromkeys(pattern for pattern, _ in self._wild)

    def for_gateway(self, gateway: str, namespace: str) -> list[VirtualService]:
        """The rules bound to a gateway (`NAMESPACE/NAME`) that a proxy in `namespace` may see.

        HTTPRoutes of the gateway's own namespace go first (push_context.go, VirtualServicesForGateway).
        """
        found = [
            r for r in self.all if gateway in r.gateways and visible(r.export_to, r.namespace, namespace)
        ]
        return sorted(found, key=lambda rule: not (rule.gateway_api and rule.namespace == namespace))


class DestinationRules:
    """All DestinationRules by namespace and host."""

    def __init__(self, rules: Iterable[DestinationRule]) -> None:
        self._by_namespace: dict[str, dict[str, list[DestinationRule]]] = {}
        self._merged: dict[tuple[str, str, str, tuple[DestinationRule, ...]], DestinationRule] = {}
        for rule in sorted(rules, key=lambda rule: rule.seniority):
            self._by_namespace.setdefault(rule.namespace, {}).setdefault(rule.host, []).append(rule)

    @property
    def selector_labels(self) -> frozenset[str]:
        """The label keys by which rules choose clients."""
        each = (r for hosts in self._by_namespace.values() for rules in hosts.values() for r in rules)
        return frozenset(label for rule in each for label in rule.selector)

    def for_host(self, host: str, owner: str, client: str, labels: dict[str, str]) -> DestinationRule | None:
        """The rule that a client with `labels` in namespace `client` follows for a host of namespace `owner`."""
        for namespace in dict.fromkeys((client, owner, ROOT_NAMESPACE)):
            hosts = self._by_namespace.get(namespace)
            if not hosts:
                continue
            rule = self._in_namespace(hosts, host, namespace, client, labels)
            if rule is not None:
                return rule
        return None

    def _in_namespace(
        self,
        hosts: dict[str, list[DestinationRule]],
        host: str,
        namespace: str,
        client: str,
        labels: dict[str, str],
    ) -> DestinationRule | None:
        for pattern in _candidates(hosts, host):
            rules = [r for r in hosts[pattern] if _applies(r, namespace, client, labels)]
            if rules:
                return self._merge(rules)
        return None

    def _merge(self, rules: list[DestinationRule]) -> DestinationRule:
        """Rules of one host in one namespace as one; the same object for the same rules."""
        if len(rules) == 1:
            return rules[0]
        first = rules[0]
        key = (first.namespace, first.host, first.name, tuple(rules))
        if key not in self._merged:
            subsets: dict[str, dict[str, Any]] = {}
            for rule in rules:
                subsets = {**rule.subsets, **subsets}
            policy = next((rule.policy for rule in rules if rule.policy), {})
            self._merged[key] = DestinationRule(
                first.namespace,
                first.name,
                first.host,
                first.export_to,
                policy,
                subsets,
                first.selector,
                first.seniority,
            )
        return self._merged[key]


def _candidates(hosts: dict[str, Any], host: str) -> list[str]:
    """The exact name, then wildcards, the longest first."""
    wild = [pattern for pattern in hosts if pattern.startswith("*") and host_matches(pattern, host)]
    return ([host] if host in hosts else []) + sorted(wild, key=len, reverse=True)


def _applies(rule: DestinationRule, namespace: str, client: str, labels: dict[str, str]) -> bool:
    if not visible(rule.export_to, namespace, client):
        return False
    if not rule.selector:
        return True
    return client == namespace and all(labels.get(key) == value for key, value in rule.selector.items())
