"""Which listeners and Services a route is attached to, or why not (conversion.go, referenceAllowed).

A reference to a Gateway is tried with each of its listeners. A Gateway that does not exist, or is not Istio's, leaves
no trace in the status: it could be another controller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from meshtutor.embedded.istio.gateway_api.listeners import Served
from meshtutor.embedded.istio.gateway_api.objects import HttpRoute, ParentRef
from meshtutor.embedded.istio.gateway_api.world import Problem, World
from meshtutor.embedded.istio.hosts import host_matches
from meshtutor.embedded.istio.reading import Key
from meshtutor.embedded.istio.rules import MESH

NOT_ALLOWED: Final = "NotAllowedByListeners"
NO_HOSTNAME: Final = "NoMatchingListenerHostname"
NO_PARENT: Final = "NoMatchingParent"


@dataclass(frozen=True)
class Attachment:
    """A route and one listener (or Service) that it asks for; `denial` says why it may not have it."""

    parent: ParentRef
    served: Served | None = None
    denial: Problem | None = None
    others: frozenset[str] = frozenset()

    @property
    def gateway(self) -> str:
        """`NAMESPACE/NAME` of the internal Gateway, or `mesh`."""
        return self.served.gateway.full_name if self.served and self.served.gateway else MESH

    def hostname_is_ours(self, hostname: str) -> bool:
        """Whether no other listener of the port and protocol is more specific for a route's hostname.

        The Gateway API's "listener isolation": a request goes to the most specific listener only.
        """
        own = self.served.listener.hostname if self.served else ""
        if own and not own.startswith("*"):
            return True
        if own and not _overlap(own, hostname):
            return False
        return not any(len(own) <= len(other) and host_matches(other, hostname) for other in self.others)


def attachments(
    route: HttpRoute, gateways: Mapping[Key, tuple[Served, ...]], world: World
) -> Iterator[Attachment]:
    """All of a route, in the order of its references."""
    for parent in route.parents:
        if parent.is_service:
            yield _to_service(parent, world)
        elif parent.is_gateway:
            yield from _to_gateway(route, parent, gateways.get((parent.namespace, parent.name), ()))


def _to_service(parent: ParentRef, world: World) -> Attachment:
    if (parent.namespace, parent.name) in world.services:
        return Attachment(parent)
    return Attachment(parent, denial=Problem(NO_PARENT, f'parent service: "{parent.name}" not found'))


def _to_gateway(route: HttpRoute, parent: ParentRef, listeners: tuple[Served, ...]) -> Iterator[Attachment]:
    for served in listeners:
        if served.gateway is None:
            continue
        same_port = {
            one.listener.hostname
            for one in listeners
            if one is not served
            and (one.listener.port, one.listener.protocol) == (served.listener.port, served.listener.protocol)
        }
        others = frozenset(same_port - {served.listener.hostname, ""})
        yield Attachment(parent, served, _denial(route, parent, served), others)


def _denial(route: HttpRoute, parent: ParentRef, served: Served) -> Problem | None:
    listener = served.listener
    if parent.port and parent.port != listener.port:
        return Problem(NO_PARENT, f"port {parent.port} not found")
    if parent.section and parent.section != listener.name:
        return Problem(NO_PARENT, f'sectionName "{parent.section}" not found')
    if problem := _host_denial(route, served):
        return problem
    if "HTTPRoute" not in served.kinds:
        return Problem(NOT_ALLOWED, "kind HTTPRoute is not allowed")
    return None


def _host_denial(route: HttpRoute, served: Served) -> Problem | None:
    assert served.gateway is not None
    hostname, own = served.listener.hostname, route.identity.namespace
    fits = any(_overlap(hostname or "*", asked) for asked in route.hostnames or ("*",))
    if not fits:
        return Problem(NO_HOSTNAME, f'no hostnames matched parent hostname "{hostname}"')
    if not any(namespace in ("*", own) for namespace, _ in served.gateway.servers[0].hosts):
        message = f'hostnames matched parent hostname "{hostname}", but namespace "{own}" is not allowed by the parent'
        return Problem(NOT_ALLOWED, message)
    return None


def _overlap(one: str, other: str) -> bool:
    return host_matches(one, other) or host_matches(other, one)
