"""An HTTPRoute's match as a VirtualService's (conversion.go, createURIMatch and the like), and which goes first.

The first rule that matches does not decide here, as it does in a VirtualService: the most specific does. So all matches
of all routes of a host are sorted by `precedence`, and the result is again a list in which the first decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Match = dict[str, Any]
_RANKS: Final = {"exact": 3, "prefix": 2, "regex": 1}


def istio_match(match: Mapping[str, Any]) -> Match:
    """A match of a VirtualService. A path's prefix has no `/` at its end, but is `/` itself where it takes all."""
    found: Match = {"uri": _uri(match.get("path") or {})}
    if headers := _texts(match.get("headers") or ()):
        found["headers"] = headers
    if parameters := _texts(match.get("queryParams") or ()):
        found["queryParams"] = parameters
    if method := match.get("method"):
        found["method"] = {"exact": method}
    return found


def precedence(match: Match) -> tuple[int, int, bool, int, int]:
    """Sort key, the most specific first: exact before prefix before regex, longer paths, a method, headers, parameters.

    Ties go to the older route, then by name, then to the rule that stands first: the sort is stable.
    Source: the Gateway API's HTTPRouteRule.matches, and sortHTTPRoutes in conversion.go.
    """
    form, text = next(iter(match["uri"].items()))
    return (
        -_RANKS[form],
        -len(text),
        "method" not in match,
        -len(match.get("headers") or ()),
        -len(match.get("queryParams") or ()),
    )


def _uri(path: Mapping[str, Any]) -> dict[str, str]:
    form, text = path.get("type", "PathPrefix"), str(path.get("value", "/"))
    if form == "Exact":
        return {"exact": text}
    if form == "RegularExpression":
        return {"regex": text}
    return {"prefix": text.removesuffix("/") or "/"}


def _texts(conditions: Any) -> dict[str, dict[str, str]]:
    return {
        str(one["name"]): {"regex" if one.get("type") == "RegularExpression" else "exact": one["value"]}
        for one in conditions
    }
