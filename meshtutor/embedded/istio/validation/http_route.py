"""One entry of `spec.http`: what a rule may do at the same time, and where it sends requests.

Source: Istio's pkg/config/validation/virtualservice.go.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.validation import http_actions, http_match, names, values
from meshtutor.embedded.istio.validation.problem import Problems, each, error, unless_fine, warning

Route = dict[str, Any]
_USUAL_TOTAL: Final = 100
_MOST_WEIGHT: Final = 2**32 - 1  # Envoy, route_components.proto: the sum is a uint32
_ACTIONS: Final = ("redirect", "directResponse")
_NOT_WITH_AN_ANSWER: Final = ("route", "fault", "rewrite")


def check(route: Route, path: str, *, delegated: bool) -> Problems:
    """Everything about one rule."""
    yield from _conflicts(route, path, delegated=delegated)
    for place, match in each(route.get("match"), f"{path}.match"):
        yield from http_match.check(match, place)
    yield from headers(route.get("headers"), f"{path}.headers")
    yield from _one_authority(route, path)
    yield from http_actions.check(route, path)
    yield from _mirrors(route, path)
    for place, weighted in each(route.get("route"), f"{path}.route"):
        yield from headers(weighted.get("headers"), f"{place}.headers")
    yield from destinations(route.get("route"), f"{path}.route")


def destinations(found: list[Route] | None, path: str) -> Problems:
    """Destinations and their weights, of HTTP as of TCP."""
    found = found or []
    for place, weighted in each(found, path):
        yield from destination(weighted.get("destination"), f"{place}.destination")
        if (weight := weighted.get("weight", 0)) < 0:
            yield error(f"{place}.weight", f"weight {weight} must not be negative")
    total = sum(weighted.get("weight", 0) for weighted in found)
    if total > _MOST_WEIGHT:
        yield error(path, f"the weights sum to {total}; Envoy counts to {_MOST_WEIGHT}", "write smaller ones")
    if len(found) > 1 and total == 0:
        yield error(
            path, "total destination weight = 0", "give each destination a weight; they need not sum to 100"
        )
    elif len(found) > 1 and total != _USUAL_TOTAL:
        shares = ", ".join(f"{weighted.get('weight', 0) / total:.1%}" for weighted in found)
        yield warning(
            path,
            f"the weights sum to {total}, not to 100: Istio takes them as proportions ({shares})",
            "write weights that sum to 100 if these are not the shares you meant",
        )


def destination(found: Route | None, path: str) -> Problems:
    """Host, subset and port."""
    if found is None:
        return
    host = found.get("host", "")
    complaint = f"invalid destination host {host}" if host == "*" else names.wildcard_domain(host)
    yield from unless_fine(f"{path}.host", complaint)
    if found.get("subset"):
        yield from unless_fine(f"{path}.subset", names.subset_name(found["subset"]))
    if "port" in found:
        yield from unless_fine(f"{path}.port.number", names.port(found["port"].get("number", 0)))


def headers(found: Route | None, path: str) -> Problems:
    """Operations on the headers of request and response."""
    for side in ("request", "response"):
        operations = (found or {}).get(side) or {}
        for verb in ("set", "add"):
            for name, value in (operations.get(verb) or {}).items():
                place = f"{path}.{side}.{verb}[{name}]"
                yield from unless_fine(place, values.header_operation(name, host=side == "request"))
                yield from unless_fine(place, values.header_value(value))
        for place, name in each(operations.get("remove"), f"{path}.{side}.remove"):
            complaint = values.header_operation(name, host=False)
            if not complaint and name.startswith(":"):
                complaint = f"cannot remove {name}"
            yield from unless_fine(place, complaint)


def _conflicts(route: Route, path: str, *, delegated: bool) -> Problems:
    if "delegate" in route:
        if delegated:
            yield error(f"{path}.delegate", "a delegate cannot delegate again")
        for field in ("redirect", "route"):
            if field in route:
                yield error(f"{path}.{field}", f"a rule that delegates must not specify {field}")
        return
    answer = next((action for action in _ACTIONS if action in route), None)
    if answer is None:
        if not route.get("route"):
            yield error(
                path, "route, redirect or directResponse is required", "expected `route:` with destinations"
            )
    else:
        for field in (*_NOT_WITH_AN_ANSWER, *_ACTIONS):
            if field != answer and route.get(field):
                yield error(f"{path}.{field}", f"a rule cannot contain both {field} and {answer}")
    if "mirror" in route and route.get("mirrors"):
        yield error(f"{path}.mirrors", "a rule cannot contain both mirror and mirrors")


def _one_authority(route: Route, path: str) -> Problems:
    request = (route.get("headers") or {}).get("request") or {}
    found = [(route.get("rewrite") or {}).get("authority", "")]
    for verb in ("set", "add"):
        found += [value for name, value in (request.get(verb) or {}).items() if values.is_authority(name)]
    if len(set_once := [authority for authority in found if authority]) > 1:
        yield error(
            f"{path}.headers.request", f"the authority cannot be set several times: {', '.join(set_once)}"
        )


def _mirrors(route: Route, path: str) -> Problems:
    for field in ("mirrorPercent", "mirror_percent"):
        if field in route:
            yield warning(f"{path}.{field}", f"{field} is deprecated, use mirrorPercentage instead")
            yield from _at_most_all(route[field], f"{path}.{field}")
    yield from _at_most_all(
        (route.get("mirrorPercentage") or {}).get("value"), f"{path}.mirrorPercentage.value"
    )
    yield from destination(route.get("mirror"), f"{path}.mirror")
    for place, mirror in each(route.get("mirrors"), f"{path}.mirrors"):
        yield from destination(mirror.get("destination"), f"{place}.destination")
        yield from _at_most_all((mirror.get("percentage") or {}).get("value"), f"{place}.percentage.value")


def _at_most_all(value: float | None, path: str) -> Problems:
    if value is not None and not 0 <= value <= 100:
        yield error(path, f"percentage {value} is not in the range 0 to 100")
