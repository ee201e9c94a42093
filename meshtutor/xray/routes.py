"""Which route takes a call, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import re2

from meshtutor.xray.call import Call
from meshtutor.xray.result import Candidate
from meshtutor.xray.strings import header_failure, parameter_failure

Json = dict[str, Any]
TOO_LATE: Final = "would take it, too, but an earlier route does"


def choose(virtual_host: Json, call: Call) -> tuple[Json | None, tuple[Candidate, ...]]:
    """The first route that takes the call, and all that were looked at until then."""
    candidates = []
    for route in virtual_host.get("routes", ()):
        reason = failure(route.get("match", {}), call)
        candidates.append(_candidate(route, reason))
        if not reason:
            return route, tuple(candidates)
    return None, tuple(candidates)


def later(virtual_host: Json, call: Call, looked_at: int) -> tuple[Candidate, ...]:
    """The routes behind the chosen one: why each would not have taken the call either, or that it came too late."""
    behind = virtual_host.get("routes", ())[looked_at:]
    return tuple(_candidate(route, failure(route.get("match", {}), call) or TOO_LATE) for route in behind)


def failure(match: Json, call: Call) -> str:
    """The first condition of a match that a call does not meet, or ""."""
    return next(_failures(match, call), "")


def _failures(match: Json, call: Call) -> Iterator[str]:
    if "connect_matcher" in match:
        yield from [] if call.method == "CONNECT" else ["only for CONNECT"]
        return
    if call.method == "CONNECT":
        yield "not for CONNECT"
    if path := _path_failure(match, call.path_only):
        yield path
    for matcher in match.get("headers", ()):
        if said := header_failure(matcher, call):
            yield said
    for matcher in match.get("query_parameters", ()):
        if said := parameter_failure(matcher, call):
            yield said


def _path_failure(match: Json, path: str) -> str:
    fold = match.get("case_sensitive") is False
    given = path.lower() if fold else path

    def same(text: str) -> str:
        return text.lower() if fold else text

    if "path" in match:
        return "" if given == same(match["path"]) else f"path {path!r} is not {match['path']!r}"
    if "prefix" in match:
        fits = given.startswith(same(match["prefix"]))
        return "" if fits else f"path {path!r} does not begin with {match['prefix']!r}"
    if "path_separated_prefix" in match:
        prefix = same(match["path_separated_prefix"])
        fits = given == prefix or given.startswith(f"{prefix}/")
        return "" if fits else f"path {path!r} is not under {match['path_separated_prefix']!r}"
    if "safe_regex" in match:
        regex = match["safe_regex"]["regex"]
        fits = re2.fullmatch(regex, path) is not None
        return "" if fits else f"path {path!r} does not match the regex {regex!r}"
    return ""


def _candidate(route: Json, reason: str) -> Candidate:
    return candidate(route, reason or _why(route.get("match", {})), matched=not reason)


def candidate(made: Json, reason: str, *, matched: bool) -> Candidate:
    """A route, or a filter chain that leads to clusters itself, with the object that made it."""
    metadata = (made.get("metadata") or {}).get("filter_metadata") or {}
    config = str((metadata.get("istio") or {}).get("config", ""))
    placed = metadata.get("meshtutor") or {}
    return Candidate(
        name=made.get("name", ""),
        reason=reason,
        matched=matched,
        config=str(placed.get("config", config)),
        rule=str(placed.get("rule", "")),
        root_config=config if "root" in placed else "",
        root=str(placed.get("root", "")),
    )


def _why(match: Json) -> str:
    """What a chosen route asked for."""
    if "connect_matcher" in match:
        return "takes every tunnel"
    count = len(match.get("headers", ())) + len(match.get("query_parameters", ()))
    more = f" and {count} more condition{'s' if count > 1 else ''}" if count else ""
    if "path" in match:
        return f"path is {match['path']!r}{more}"
    if "safe_regex" in match:
        return f"path matches {match['safe_regex']['regex']!r}{more}"
    prefix = match.get("prefix", match.get("path_separated_prefix", "/"))
    if prefix == "/":
        return f"any path{more}" if count else "takes every request"
    return f"path begins with {prefix!r}{more}"
