"""Match conditions (route.go, TranslateRouteMatch). All conditions of one match must hold; matches are alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envoy.config.route.v3 import route_components_pb2 as route
from envoy.type.matcher.v3 import regex_pb2, string_pb2

from meshtutor.embedded.istio.reading import boolean, matches_labels
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.rules import gateway_names

Match = Mapping[str, Any]


def applies_to(match: Match, client: Client, namespace: str, port: int) -> bool:
    """Whether a match is for this client and port at all: what is decided before a request is seen.

    Gateways named in the match replace the question for source labels and namespace (sourceMatchHTTP).
    """
    if match.get("port") and int(match["port"]) != port:
        return False
    if gateways := match.get("gateways"):
        return bool(gateway_names(gateways, namespace) & client.gateways)
    if not matches_labels(match.get("sourceLabels") or {}, client.labels):
        return False
    return match.get("sourceNamespace") in (None, "", client.namespace)


def route_match(match: Match | None, *, whole_parts: bool = False) -> Any:
    """Envoy's form of a match; None is one that takes everything.

    `whole_parts`: a prefix takes whole parts of the path, as in the Gateway API; `/foo` does not take `/foobar`.
    """
    out = route.RouteMatch(prefix="/")
    if match is None:
        return out
    out.headers.extend(_header_matchers(match))
    _path(out, match.get("uri") or {}, whole_parts)
    out.case_sensitive.CopyFrom(boolean(not match.get("ignoreUriCase", False)))
    for field, name in (("method", ":method"), ("authority", ":authority"), ("scheme", ":scheme")):
        if match.get(field):
            out.headers.append(_header(name, match[field]))
    for name, condition in sorted((match.get("queryParams") or {}).items()):
        out.query_parameters.append(_query_parameter(name, condition))
    return out


def is_catch_all(built: Any) -> bool:
    """Whether a route takes every request, so that nothing after it can ever match (IsCatchAllRoute)."""
    match = built.match
    everything = match.prefix == "/" or match.safe_regex.regex == ".*" or match.path_separated_prefix == "/"
    return everything and not (match.headers or match.query_parameters or match.dynamic_metadata)


def string_matcher(condition: Mapping[str, str]) -> Any:
    """`exact`, `prefix` or `regex` (RE2, the whole string)."""
    if "prefix" in condition:
        return string_pb2.StringMatcher(prefix=condition["prefix"])
    if "regex" in condition:
        return string_pb2.StringMatcher(safe_regex=regex_pb2.RegexMatcher(regex=condition["regex"]))
    return string_pb2.StringMatcher(exact=condition.get("exact", ""))


def _path(out: Any, uri: Mapping[str, str], whole_parts: bool) -> None:
    if "exact" in uri:
        out.path = uri["exact"]
    elif whole_parts and uri.get("prefix", "/") != "/":
        out.path_separated_prefix = uri["prefix"]
    elif "prefix" in uri:
        out.prefix = uri["prefix"]
    elif "regex" in uri:
        out.safe_regex.regex = uri["regex"]


def _header_matchers(match: Match) -> list[Any]:
    found = [_header(name, condition) for name, condition in (match.get("headers") or {}).items()]
    for name, condition in (match.get("withoutHeaders") or {}).items():
        matcher = _header(name, condition)
        matcher.invert_match = True
        # A header that is absent has not the value either; Envoy counts it so only when told.
        matcher.treat_missing_header_as_empty = not _asks_for_presence(condition)
        found.append(matcher)
    return sorted(found, key=lambda matcher: str(matcher.name))


def _header(name: str, condition: Mapping[str, str] | None) -> Any:
    if _asks_for_presence(condition):
        return route.HeaderMatcher(name=name, present_match=True)
    return route.HeaderMatcher(name=name, string_match=string_matcher(condition or {}))


def _query_parameter(name: str, condition: Mapping[str, str] | None) -> Any:
    if _asks_for_presence(condition):
        return route.QueryParameterMatcher(name=name, present_match=True)
    return route.QueryParameterMatcher(name=name, string_match=string_matcher(condition or {}))


def _asks_for_presence(condition: Mapping[str, str] | None) -> bool:
    """An empty condition, or the regex `*`, which is none (canBeConvertedToPresentMatch)."""
    return not condition or condition.get("regex") == "*"
