"""Rules that can never match, because an earlier one takes all they would.

Source: Istio's pkg/config/validation/validation.go (analyzeUnreachableHTTPRules, coveredValidation). istioctl analyze
reports them as IST0130 (a whole rule) and IST0131 (one match).
"""

from __future__ import annotations

import json
from typing import Any, Final

from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, warning

Route = dict[str, Any]
UNREACHABLE: Final = "IST0130"
INEFFECTIVE: Final = "IST0131"


def check(spec: Spec) -> Problems:
    """Warnings for http, tcp and tls."""
    for field in ("http", "tcp", "tls"):
        yield from _duplicates(spec.get(field) or [], f"spec.{field}")
    yield from _covered(spec.get("http") or [])


def _duplicates(routes: list[Route], path: str) -> Problems:
    """Rules behind one without conditions, and matches that stand there twice."""
    seen: dict[str, int] = {}
    open_rule = -1
    for number, (place, route) in enumerate(each(routes, path)):
        matches = route.get("match") or []
        if open_rule >= 0:
            why = f"rule {_name(routes[open_rule], open_rule)} before it has no match, so it takes every request"
            yield warning(
                place, f"rule {_name(route, number)} is never used ({why})", "put it first", UNREACHABLE
            )
        elif "delegate" in route:
            continue  # its delegate's rules may leave requests to those behind it
        elif not matches:
            open_rule = number
        twice = []
        for match_path, match in each(matches, f"{place}.match"):
            key = json.dumps({k: v for k, v in match.items() if k != "name"}, sort_keys=True)
            if (first := seen.setdefault(key, number)) != number or match_path in twice:
                twice.append(match_path)
                message = f"match is never used: rule {_name(routes[first], first)} has the same"
                yield warning(match_path, message, code=INEFFECTIVE)
        if matches and len(twice) == len(matches) and open_rule < 0:
            message = f"rule {_name(route, number)} is never used (all its matches are in earlier rules)"
            yield warning(place, message, code=UNREACHABLE)


def _covered(routes: list[Route]) -> Problems:
    """Path prefixes that an earlier, shorter prefix takes, all else being equal."""
    earlier: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    for place, route in each(routes, "spec.http"):
        for path, match in each(route.get("match"), f"{place}.match"):
            prefix = (match.get("uri") or {}).get("prefix")
            if not prefix:
                continue
            others = {key: value for key, value in match.items() if key not in ("uri", "name", "statPrefix")}
            for other_path, other, conditions in earlier:
                if prefix != other["prefix"] and prefix.startswith(other["prefix"]) and conditions == others:
                    message = f"prefix {prefix} is never reached: {other_path} takes prefix {other['prefix']}"
                    yield warning(path, message, "put the longer prefix first", INEFFECTIVE)
            earlier.append((path, {"prefix": prefix}, others))


def _name(route: Route, number: int) -> str:
    return repr(route["name"]) if route.get("name") else f"#{number}"
