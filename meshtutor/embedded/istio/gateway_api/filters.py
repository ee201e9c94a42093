"""An HTTPRoute's filters as fields of a VirtualService's rule (conversion.go, create...Filter).

Left out: CORS and ExtensionRef, which admission refuses by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Filter = Mapping[str, Any]
_HEADERS: Final = {"requestHeaderModifier": "request", "responseHeaderModifier": "response"}
_FOUND: Final = 302


def headers_of(filters: Iterable[Filter]) -> dict[str, Any]:
    """`headers` of a rule or of a destination."""
    return {
        side: _operations(one[field]) for one in filters for field, side in _HEADERS.items() if field in one
    }


def redirect_of(filters: Iterable[Filter]) -> dict[str, Any] | None:
    """`redirect` of a rule. What the filter leaves out stays as it was in the request, the port included."""
    asked = next((one["requestRedirect"] for one in filters if "requestRedirect" in one), None)
    if asked is None:
        return None
    found: dict[str, Any] = {"redirectCode": asked.get("statusCode", _FOUND)}
    if "hostname" in asked:
        found["authority"] = asked["hostname"]
    if "scheme" in asked:
        found["scheme"] = asked["scheme"]
    if "port" in asked:
        found["port"] = asked["port"]
    else:
        found["derivePort"] = "FROM_PROTOCOL_DEFAULT" if "scheme" in asked else "FROM_REQUEST_PORT"
    path = asked.get("path") or {}
    if path.get("type") == "ReplaceFullPath":
        found["uri"] = path.get("replaceFullPath", "")
    elif path:
        found["prefixRewrite"] = path.get("replacePrefixMatch", "")
    return found


def rewrite_of(filters: Iterable[Filter]) -> dict[str, Any] | None:
    """`rewrite` of a rule. A prefix that is replaced by nothing is written as `/` (see routes/http_rule)."""
    asked = next((one["urlRewrite"] for one in filters if "urlRewrite" in one), None)
    if asked is None:
        return None
    found: dict[str, Any] = {}
    path = asked.get("path") or {}
    if path.get("type") == "ReplacePrefixMatch":
        found["uri"] = str(path.get("replacePrefixMatch", "")).removesuffix("/") or "/"
    elif path:
        found["uriRegexRewrite"] = {"match": "/.*", "rewrite": path.get("replaceFullPath", "")}
    if "hostname" in asked:
        found["authority"] = asked["hostname"]
    return found or None


def mirror_share(mirror: Mapping[str, Any]) -> dict[str, float] | None:
    """`percentage` of a mirror; None is all."""
    if fraction := mirror.get("fraction"):
        return {"value": 100 * float(fraction["numerator"]) / float(fraction.get("denominator", 100))}
    return {"value": float(mirror["percent"])} if "percent" in mirror else None


def _operations(modifier: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in ("set", "add"):
        if listed := modifier.get(field):
            found[field] = _once_each(listed)
    if modifier.get("remove"):
        found["remove"] = list(modifier["remove"])
    return found


def _once_each(headers: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """By name in lower case; of several with one name the first holds."""
    found: dict[str, str] = {}
    for header in headers:
        found.setdefault(header["name"].lower(), header["value"])
    return found
