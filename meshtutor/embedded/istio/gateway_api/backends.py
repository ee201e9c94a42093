"""Where an HTTPRoute's rule leads (conversion.go, buildDestination).

A backend that is missing or not permitted keeps its share: the cluster does not exist, and Envoy answers that share
with 500. What cannot be understood at all spoils the whole route instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.gateway_api import filters
from meshtutor.embedded.istio.gateway_api.world import Problem, World
from meshtutor.embedded.istio.hosts import resolve

Ref = Mapping[str, Any]
_NOWHERE: Final[dict[str, Any]] = {"host": ""}


class InvalidRouteError(Exception):
    """A rule that no configuration can be made of."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Source:
    """Who refers: an HTTPRoute's namespace; routes of the mesh need no grant, as in Istio."""

    namespace: str
    mesh: bool
    world: World


def total_weight(refs: Sequence[Ref]) -> int:
    """The sum of all weights; without any, requests are answered with 500."""
    return sum(_weight(ref) for ref in refs)


def destinations(refs: Sequence[Ref], source: Source) -> tuple[list[dict[str, Any]], list[Problem]]:
    """`route` of a VirtualService's rule, and what is wrong with some of the backends."""
    found, problems = [], []
    used = [ref for ref in refs if _weight(ref)]
    for ref in used:
        destination, problem = destination_of(ref, source)
        problems += [problem] if problem else []
        route: dict[str, Any] = {"destination": destination}
        if len(used) > 1:
            route["weight"] = _weight(ref)
        if headers := filters.headers_of(ref.get("filters") or ()):
            route["headers"] = headers
        found.append(route)
    return found, problems


def destination_of(ref: Ref, source: Source) -> tuple[dict[str, Any], Problem | None]:
    """A destination, and what is wrong with it. Raises InvalidRouteError for one that names no port."""
    group, kind, name = ref.get("group", ""), ref.get("kind", "Service"), str(ref["name"])
    namespace = str(ref.get("namespace") or source.namespace)
    if not _permitted(source, (group, kind, name), namespace):
        return _NOWHERE, Problem(
            "RefNotPermitted",
            f"backendRef {name}/{namespace} not accessible to a HTTPRoute in namespace "
            f'"{source.namespace}" (missing a ReferenceGrant?)',
        )
    if (group, kind) != ("", "Service"):
        message = f'referencing unsupported backendRef: group "{group}" kind "{kind}"'
        return _NOWHERE, Problem("InvalidKind", message)
    if "port" not in ref:
        raise InvalidRouteError(Problem("InvalidDestination", "port is required in backendRef"))
    host = resolve(name, namespace)
    found = {"host": host, "port": {"number": int(ref["port"])}}
    missing = (namespace, name) not in source.world.services
    return found, Problem("BackendNotFound", f"backend({host}) not found") if missing else None


def _permitted(source: Source, target: tuple[str, str, str], namespace: str) -> bool:
    if source.mesh or namespace == source.namespace:
        return True
    return source.world.may_refer("HTTPRoute", source.namespace, target, namespace)


def _weight(ref: Ref) -> int:
    return int(ref.get("weight", 1))
