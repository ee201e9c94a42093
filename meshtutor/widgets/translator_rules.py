"""One route in two languages: a VirtualService with subsets, an HTTPRoute with a Service per version. Pure functions.

The two differ where a translation must be careful: `PathPrefix` takes whole parts of a path, a VirtualService's prefix
any text, so one match becomes two; a VirtualService's rules are tried in their order, an HTTPRoute's the most specific
first.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import HTTP_ROUTE
from meshtutor.widgets.match_rules import USER, Probe
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]
Route = dict[str, Any]
VIRTUAL_SERVICE_FORM: Final = "VirtualService"
HTTP_ROUTE_FORM: Final = "HTTPRoute"
FORMS: Final = (VIRTUAL_SERVICE_FORM, HTTP_ROUTE_FORM)
PATH_KINDS: Final = ("PathPrefix", "Exact")
PLAIN: Final[Mapping[str, Any]] = {
    "form": HTTP_ROUTE_FORM,
    "path_kind": "PathPrefix",
    "path": "",
    "user": "",
    "percent": 100,
}
PROBES: Final = (
    Probe(),
    Probe(path="/reviews/7"),
    Probe(headers={USER: "jason"}),
    Probe(path="/reviewsarchive", headers={USER: "jason"}),
    Probe(path="/health", headers={USER: "jason"}),
)


@dataclass(frozen=True)
class Backends:
    """The Service that is called and the two versions between which the route chooses, with their Services."""

    rules: Rules
    service: Mapping[str, Any]
    rest: str
    chosen: str

    @property
    def services(self) -> list[Object]:
        """A Service for each version: an HTTPRoute knows Services, not subsets."""
        spec = self.service["spec"]
        ports = [{key: p[key] for key in ("name", "port", "targetPort") if key in p} for p in spec["ports"]]
        return [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": self.name(version)},
                "spec": {"selector": {**spec["selector"], "version": version}, "ports": ports},
            }
            for version in (self.rest, self.chosen)
        ]

    def name(self, version: str) -> str:
        """The name of a version's Service."""
        return f"{self.service['metadata']['name']}-{version}"


def checked(route: Any) -> Route:
    """A route with all its fields; what is not named is as in PLAIN. MeshtutorError names what is wrong."""
    if not isinstance(route, Mapping) or set(route) - set(PLAIN):
        raise MeshtutorError(f"{route!r} is not a route.", f"It may have: {', '.join(PLAIN)}")
    whole = {**PLAIN, **route}
    for name, allowed in (("form", FORMS), ("path_kind", PATH_KINDS)):
        if whole[name] not in allowed:
            raise MeshtutorError(f"{name} is {whole[name]!r}.", f"Expected {' or '.join(allowed)}")
    if isinstance(whole["percent"], bool) or whole["percent"] not in range(101):
        raise MeshtutorError(f"percent is {whole['percent']!r}.", "Expected a whole number from 0 to 100")
    if whole["path"] and not whole["path"].startswith("/"):
        raise MeshtutorError(f"The path {whole['path']!r} does not begin with /.", "For instance /reviews")
    return whole


def written(backends: Backends, route: Route) -> list[Object]:
    """The objects of the route's own form; the first is the route itself."""
    if route["form"] == HTTP_ROUTE_FORM:
        return [http_route(backends, route), *backends.services]
    rule = backends.rules.destination_rule
    return [virtual_service(backends, route), *([rule] if rule else [])]


def virtual_service(backends: Backends, route: Route) -> Object:
    """The route as Istio's own API writes it."""
    rule = copy.deepcopy(backends.rules.virtual_service)
    matches = _istio_matches(route)
    shares = [
        {"destination": {"host": backends.rules.host, "subset": version}, "weight": weight}
        for version, weight in _weights(backends, route)
    ]
    first: Object = {**({"match": matches} if matches else {}), "route": shares}
    rest = {"route": [{"destination": {"host": backends.rules.host, "subset": backends.rest}}]}
    rule["spec"]["http"] = [first, rest] if matches else [first]
    return rule


def http_route(backends: Backends, route: Route) -> Object:
    """The route as the Gateway API writes it, attached to the Service that is called."""
    service = backends.service["metadata"]["name"]
    match = _match(route)
    shares = [
        {"name": backends.name(version), "port": _port(backends), "weight": weight}
        for version, weight in _weights(backends, route)
    ]
    first: Object = {**({"matches": [match]} if match else {}), "backendRefs": shares}
    rest = {"backendRefs": [{"name": backends.name(backends.rest), "port": _port(backends)}]}
    return {
        "apiVersion": HTTP_ROUTE.api_version,
        "kind": HTTP_ROUTE.kind,
        "metadata": {"name": service},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": service}],
            "rules": [first, rest] if match else [first],
        },
    }


def _weights(backends: Backends, route: Route) -> list[tuple[str, int]]:
    pairs = [(backends.rest, 100 - route["percent"]), (backends.chosen, route["percent"])]
    return [pair for pair in pairs if pair[1]]


def _match(route: Route) -> Object:
    found: Object = {}
    if route["path"]:
        found["path"] = {"type": route["path_kind"], "value": route["path"]}
    if route["user"]:
        found["headers"] = [{"name": USER, "value": route["user"]}]
    return found


def _istio_matches(route: Route) -> list[Object]:
    """A prefix of whole parts is the path itself, or what begins with the path and a slash."""
    user = {"headers": {USER: {"exact": route["user"]}}} if route["user"] else {}
    path = route["path"]
    if not path or (path == "/" and route["path_kind"] == "PathPrefix"):
        return [user] if user else []
    if route["path_kind"] == "Exact":
        return [{"uri": {"exact": path}, **user}]
    whole = path.rstrip("/")
    return [{"uri": {"exact": whole}, **user}, {"uri": {"prefix": f"{whole}/"}, **user}]


def _port(backends: Backends) -> int:
    return int(backends.service["spec"]["ports"][0]["port"])
