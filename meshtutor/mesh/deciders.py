"""Which object, and which field in it, decided a step of a walk.

Istio writes into routes and clusters which object made them (metadata `istio.config`); this project's control plane
adds the place of the rule. Where that is missing, as on a real cluster, the place follows from the order: Istio makes
one route for each match of each rule, in their order.

A delegated rule has two objects, the delegate and the root; what either says is found at either (see `Ruling`). An
HTTPRoute's fields stand for those of a VirtualService (see `http_routes`).

Left out: on a real cluster, which delegate a route comes from (Istio names the root only); the inbound side
(authorization, authentication).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube import hosts, kinds, objects, reach
from meshtutor.kube.kinds import Kind
from meshtutor.mesh import http_routes
from meshtutor.mesh.changes import title
from meshtutor.mesh.explanation import Decision
from meshtutor.mesh.provenance import Provenance
from meshtutor.xray.result import Candidate, Result

Object = dict[str, Any]
DOMAIN: Final = hosts.DOMAIN
_KINDS: Final = {
    "virtual-service": kinds.VIRTUAL_SERVICE,
    "destination-rule": kinds.DESTINATION_RULE,
    "http-route": kinds.HTTP_ROUTE,
}
_CONDITIONAL: Final = frozenset({"gateways", "sourceLabels", "sourceNamespace", "port"})


@dataclass(frozen=True)
class Ruling:
    """The rule that made a route: `place` in `service`, and if it was delegated, `root_place` in `root`."""

    service: Object | None = None
    place: str = ""
    root: Object | None = None
    root_place: str = ""

    @property
    def rule(self) -> str:
        """The path of the rule without its match, "" if unknown."""
        return rule_only(self.place)

    @property
    def owner(self) -> Object | None:
        """The object that names the host: the root, if there is one."""
        return self.root or self.service

    @property
    def condition(self) -> tuple[Object | None, str]:
        """Object and path of the match that took the request; the delegate's where both have one."""
        if self.root and ".match[" in self.root_place and ".match[" not in self.place:
            return self.root, self.root_place
        return self.service, self.place

    def field(self, name: str) -> tuple[Object | None, str]:
        """Object and path of a field of the rule; the root's where the delegate does not have it."""
        if http_routes.is_route(self.service):
            assert self.service is not None
            return self.service, http_routes.field_path(self.service, self.rule, name)
        own = f"{self.rule}.{name}" if self.rule else ""
        if self.root and self.service and objects.dig(self.service, own) is None:
            return self.root, f"{rule_only(self.root_place)}.{name}"
        return self.service, own


class Deciders:
    """Objects by Istio's config paths, each read once."""

    def __init__(self, read: Callable[[Kind, str, str], Object], provenance: Provenance) -> None:
        self._read = read
        self._provenance = provenance
        self._seen: dict[tuple[Kind, str, str], Object | None] = {}

    def made_by(self, config: str) -> Object | None:
        """The object of a config path `/apis/GROUP/VERSION/namespaces/NS/virtual-service/NAME`, if it is there."""
        *_, namespace, kind, name = ["", "", "", *config.split("/")]
        return self.get(_KINDS[kind], name, namespace) if kind in _KINDS else None

    def get(self, kind: Kind, name: str, namespace: str) -> Object | None:
        """An object of the mesh; None where there is none, or none that may be read."""
        key = (kind, name, namespace)
        if key not in self._seen:
            try:
                self._seen[key] = {"apiVersion": kind.api_version, "kind": kind.kind, **self._read(*key)}
            except ApiStatusError as error:
                if not (isinstance(error, NotFoundError) or reach.is_hidden(error)):
                    raise
                self._seen[key] = None
        return self._seen[key]

    def decision(self, obj: Object | None, path: str = "") -> Decision | None:
        """That an object's field decided; None where there is no object. A field that is not there names no line."""
        if obj is None:
            return None
        if path and objects.dig(obj, path) is None:
            return Decision(title(obj))
        where, line = self._provenance.where(obj, path), self._provenance.line(obj, path) if path else ""
        return Decision(title(obj), path, where, line)

    def ruling(self, candidate: Candidate, result: Result) -> Ruling:
        """The rule behind a route, with the objects as they are in the mesh now."""
        service = self.made_by(candidate.config) if candidate.config else None
        if service is None and (named := http_routes.by_name(candidate.config, candidate.name)):
            namespace, name, place = named
            return Ruling(self.get(kinds.HTTP_ROUTE, name, namespace), place)
        if not candidate.root:
            return Ruling(service, self.rule_of(candidate, result))
        return Ruling(
            service, f"spec.{candidate.rule}", self.made_by(candidate.root_config), f"spec.{candidate.root}"
        )

    def rule_of(self, candidate: Candidate, result: Result) -> str:
        """The path of the rule (or match) that made a route: `spec.http[0].match[1]`, or "" if unknown."""
        if candidate.rule:
            return f"spec.{candidate.rule}"
        made = self.made_by(candidate.config) if candidate.config else None
        if made is None:
            return ""
        places = list(_places(objects.spec(made)))
        same = [c for c in (*result.candidates, *result.later) if c.config == candidate.config]
        at = next(index for index, one in enumerate(same) if one is candidate)
        return places[at] if "" not in places and at < len(places) else ""


def _places(spec: Mapping[str, Any]) -> Iterator[str]:
    """A path for each route that Istio makes; "" where it cannot be told how many it makes."""
    for number, rule in enumerate(spec.get("http") or ()):
        if "delegate" in rule:
            yield ""
        elif not rule.get("match"):
            yield f"spec.http[{number}]"
        for index, match in enumerate(rule.get("match") or ()):
            yield "" if _CONDITIONAL & match.keys() else f"spec.http[{number}].match[{index}]"


def rule_only(place: str) -> str:
    """`spec.http[0].match[1]` -> `spec.http[0]`; of an HTTPRoute, `spec.rules[0].matches[1]` -> `spec.rules[0]`."""
    return place.partition(".match[")[0].partition(".matches[")[0]


def host_path(service: Object, fqdn: str) -> str:
    """The path of the entry in `spec.hosts` that covers a host."""
    if http_routes.is_route(service):
        return http_routes.host_path(service, fqdn)
    namespace = objects.namespace(service)
    for index, host in enumerate(objects.spec(service).get("hosts") or ()):
        if hosts.covers(host, fqdn, namespace):
            return f"spec.hosts[{index}]"
    return "spec.hosts"


def destination_path(service: Object, rule: str, cluster: str) -> str:
    """The path of the subset (or host) in a rule that leads to a cluster `outbound|PORT|SUBSET|HOST`."""
    _, _, subset, fqdn = parts(cluster)
    if http_routes.is_route(service):
        return http_routes.backend_path(service, rule, fqdn)
    for index, route in enumerate((objects.dig(service, rule) or {}).get("route") or ()):
        destination = route.get("destination") or {}
        host = str(destination.get("host", ""))
        if (
            hosts.full(host, objects.namespace(service)) == fqdn
            and (destination.get("subset") or "") == subset
        ):
            return f"{rule}.route[{index}].destination.{'subset' if subset else 'host'}"
    return rule


def parts(cluster: str) -> tuple[str, str, str, str]:
    """Direction, port, subset and host of a cluster's name; empty strings for names of another form."""
    found = cluster.split("|")
    return (found[0], found[1], found[2], found[3]) if len(found) == 4 else ("", "", "", "")


def subset_path(rule: Object, subset: str) -> str:
    """The path of a subset in a DestinationRule."""
    names = [one.get("name") for one in objects.spec(rule).get("subsets") or ()]
    return f"spec.subsets[{names.index(subset)}]" if subset in names else "spec.host"
