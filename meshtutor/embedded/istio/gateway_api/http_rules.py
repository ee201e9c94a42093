"""The rules of one HTTPRoute as rules of a VirtualService, one for each match (conversion.go, convertHTTPRoute)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.gateway_api import backends, filters, matches
from meshtutor.embedded.istio.gateway_api.backends import InvalidRouteError, Source
from meshtutor.embedded.istio.gateway_api.objects import HttpRoute
from meshtutor.embedded.istio.gateway_api.world import Problem, World
from meshtutor.embedded.istio.rules import Origin

NO_BACKEND: Final = 500
Rule = dict[str, Any]


@dataclass(frozen=True)
class Converted:
    """The rules with where each was written, and what is wrong: then the rules may be fewer, or lead nowhere."""

    rules: tuple[tuple[Rule, Origin], ...] = ()
    problem: Problem | None = None


def convert(route: HttpRoute, world: World, *, mesh: bool) -> Converted:
    """All rules of a route; one that cannot be understood takes all others with it, as in Istio."""
    source = Source(route.identity.namespace, mesh, world)
    found: list[tuple[Rule, Origin]] = []
    problem: Problem | None = None
    for index, rule in enumerate(route.rules):
        try:
            made, problems = _rule(route, index, rule, source)
        except InvalidRouteError as error:
            return Converted(problem=error.problem)
        if problems:
            problem = Problem(problems[0].reason, "; ".join(p.message for p in problems))
        for number, match in enumerate(rule.get("matches") or ({},)):
            place = f"rules[{index}]" + (f".matches[{number}]" if rule.get("matches") else "")
            found.append(({**made, "match": [matches.istio_match(match)]}, Origin(route.config_path, place)))
    return Converted(tuple(found), problem)


def _rule(
    route: HttpRoute, index: int, rule: Mapping[str, Any], source: Source
) -> tuple[Rule, list[Problem]]:
    """A rule without its match, and what is wrong with its backends."""
    own, listed = route.identity, rule.get("filters") or ()
    made: Rule = {"name": rule.get("name") or f"{own.namespace}.{own.name}.{index}"}
    if headers := filters.headers_of(listed):
        made["headers"] = headers
    mirrors, problems = _mirrors(listed, source)
    optional = {"rewrite": filters.rewrite_of(listed), "mirrors": mirrors, "timeout": _timeout(rule)}
    made |= {field: value for field, value in optional.items() if value}
    refs = rule.get("backendRefs") or ()
    if redirect := filters.redirect_of(listed):
        return {**made, "redirect": redirect}, problems
    if not backends.total_weight(refs):
        return {**made, "directResponse": {"status": NO_BACKEND}}, problems
    made["route"], missing = backends.destinations(refs, source)
    return made, [*missing, *problems]


def _mirrors(listed: Any, source: Source) -> tuple[list[dict[str, Any]], list[Problem]]:
    """`mirrors` of a rule; a mirror that is not there is left out and told."""
    found, problems = [], []
    for one in listed:
        if mirror := one.get("requestMirror"):
            destination, problem = backends.destination_of(mirror["backendRef"], source)
            if problem:
                problems.append(problem)
                continue
            share = filters.mirror_share(mirror)
            found.append({"destination": destination, **({"percentage": share} if share else {})})
    return found, problems


def _timeout(rule: Mapping[str, Any]) -> str | None:
    """An attempt's time limit goes before the whole request's: without `retry`, there is one attempt (Istio)."""
    timeouts = rule.get("timeouts") or {}
    for field in ("backendRequest", "request"):
        if (text := timeouts.get(field)) and text.strip("0hms"):
            return str(text)
    return None
