"""Gateways and HTTPRoutes of a snapshot, converted: what proxies get, and what the objects' statuses say.

One internal VirtualService for each pair of listener and hostname, or for each namespace and Service inside the mesh:
the rules of all routes that meet there, the most specific first (route_collections.go, mergeHTTPRoutes).

Beyond Istio: routes for one port of a Service and for all of them are one VirtualService here; there the older route
takes the port alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.embedded.istio.gateway_api import http_rules, listeners, matches, parents
from meshtutor.embedded.istio.gateway_api.http_rules import Converted, Rule
from meshtutor.embedded.istio.gateway_api.listeners import Served
from meshtutor.embedded.istio.gateway_api.objects import HttpRoute, KubernetesGateway
from meshtutor.embedded.istio.gateway_api.parents import Attachment
from meshtutor.embedded.istio.gateway_api.world import World
from meshtutor.embedded.istio.gateway_objects import Gateway
from meshtutor.embedded.istio.hosts import resolve
from meshtutor.embedded.istio.reading import Key
from meshtutor.embedded.istio.rules import MESH, Origin, VirtualService

Place = tuple[str, str, str]
"""Where rules meet: the routes' namespace for `mesh`, else ""; gateway or `mesh`; host."""


@dataclass(frozen=True)
class RouteReport:
    """A route, what it is attached to, and what was wrong with its rules for gateways and for the mesh."""

    route: HttpRoute
    attachments: tuple[Attachment, ...]
    gateway: Converted
    mesh: Converted


@dataclass(frozen=True)
class GatewayReport:
    """A Gateway with its listeners, and the services that shall serve it."""

    gateway: KubernetesGateway
    listeners: tuple[Served, ...]
    services: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Conversion:
    """All that Gateways and HTTPRoutes mean."""

    gateways: tuple[Gateway, ...] = ()
    virtual_services: tuple[VirtualService, ...] = ()
    gateway_reports: tuple[GatewayReport, ...] = ()
    route_reports: tuple[RouteReport, ...] = ()


NOTHING: Final = Conversion()


@dataclass
class _Meeting:
    """The rules that meet at one place; the oldest route gives the place its age and namespace."""

    route: HttpRoute
    export_to: frozenset[str]
    rules: list[tuple[Rule, Origin]] = field(default_factory=list)


def convert(
    gateways: Iterable[KubernetesGateway],
    routes: Iterable[HttpRoute],
    world: World,
    before: Conversion | None = None,
) -> Conversion:
    """Convert all; internal objects of `before` that would be equal are given again, so that nothing depends on age."""
    known = [_gateway_report(gateway, world) for gateway in gateways if gateway.class_name in world.classes]
    by_key = {(r.gateway.identity.namespace, r.gateway.identity.name): r.listeners for r in known}
    reports = [_route_report(route, by_key, world) for route in sorted(routes, key=_age)]
    internal = [served.gateway for report in known for served in report.listeners if served.gateway]
    services = _virtual_services(reports)
    earlier = before or NOTHING
    return Conversion(
        tuple(_kept(internal, earlier.gateways, listeners.equal)),
        tuple(_kept(services, earlier.virtual_services, _equal)),
        tuple(known),
        tuple(reports),
    )


def _age(route: HttpRoute) -> tuple[str, str, str]:
    own = route.identity
    return own.seniority[0], own.namespace, own.name


def _gateway_report(gateway: KubernetesGateway, world: World) -> GatewayReport:
    found = tuple(listeners.served(gateway, world))
    return GatewayReport(gateway, found, tuple(listeners.services_of(gateway)))


def _route_report(route: HttpRoute, gateways: Mapping[Key, tuple[Served, ...]], world: World) -> RouteReport:
    found = tuple(parents.attachments(route, gateways, world))
    made = {
        mesh: http_rules.convert(route, world, mesh=mesh)
        if any((a.gateway == MESH) == mesh for a in found)
        else Converted()
        for mesh in (False, True)
    }
    return RouteReport(route, found, made[False], made[True])


def _virtual_services(reports: Iterable[RouteReport]) -> Iterator[VirtualService]:
    meetings: dict[Place, _Meeting] = {}
    for report in reports:
        for attachment in report.attachments:
            if attachment.denial is None:
                _attach(meetings, report, attachment)
    for (_, gateway, host), meeting in meetings.items():
        yield _virtual_service(gateway, host, meeting)


def _attach(meetings: dict[Place, _Meeting], report: RouteReport, attachment: Attachment) -> None:
    route, own = report.route, report.route.identity.namespace
    if attachment.gateway == MESH:
        parent = attachment.parent
        # A route beside its Service is for all clients; one elsewhere for the clients of its own namespace only.
        export = frozenset({"*"} if parent.namespace == own else {own})
        place = (own, MESH, resolve(parent.name, parent.namespace))
        meeting = meetings.setdefault(place, _Meeting(route, export))
        meeting.rules += [_at_port(rule, parent.port) for rule in report.mesh.rules]
        return
    for hostname in route.hostnames or ("*",):
        if attachment.hostname_is_ours(hostname):
            place = ("", attachment.gateway, hostname)
            meeting = meetings.setdefault(place, _Meeting(route, frozenset()))
            meeting.rules += report.gateway.rules


def _at_port(made: tuple[Rule, Origin], port: int) -> tuple[Rule, Origin]:
    rule, origin = made
    if not port:
        return made
    return {**rule, "match": [{**match, "port": port} for match in rule["match"]]}, origin


def _virtual_service(gateway: str, host: str, meeting: _Meeting) -> VirtualService:
    namespace = meeting.route.identity.namespace
    ordered = sorted(meeting.rules, key=lambda made: matches.precedence(made[0]["match"][0]))
    where = namespace if gateway == MESH else gateway.replace("/", "~")
    return VirtualService(
        namespace=namespace,
        name=f"{where}~{host}",
        hosts=(host,),
        gateways=frozenset({gateway}),
        export_to=meeting.export_to,
        http=tuple(rule for rule, _ in ordered),
        seniority=meeting.route.identity.seniority,
        origins=tuple(origin for _, origin in ordered),
        gateway_api=True,
    )


def _kept(made: Iterable[Any], before: Iterable[Any], same: Any) -> Iterator[Any]:
    """The objects, each in its earlier incarnation if that says the same."""
    earlier = {(one.namespace, one.name): one for one in before}
    for one in made:
        old = earlier.get((one.namespace, one.name))
        yield old if old is not None and same(old, one) else one


def _equal(one: VirtualService, other: VirtualService) -> bool:
    content = ("hosts", "gateways", "export_to", "http", "seniority", "origins")
    return all(getattr(one, name) == getattr(other, name) for name in content)
