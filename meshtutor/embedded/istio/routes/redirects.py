"""Redirects and direct responses: answers of the proxy itself (route.go, ApplyRedirect, ApplyDirectResponse)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from envoy.config.route.v3 import route_components_pb2 as route

_CODES: Final = {
    301: route.RedirectAction.MOVED_PERMANENTLY,
    302: route.RedirectAction.FOUND,
    303: route.RedirectAction.SEE_OTHER,
    307: route.RedirectAction.TEMPORARY_REDIRECT,
    308: route.RedirectAction.PERMANENT_REDIRECT,
}
LARGEST_BODY: Final = 1024 * 1024
"""Bytes that a direct response may have, as validation says; Envoy's own limit is 4096."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def redirect(rule: Mapping[str, Any], port: int, *, tls: bool) -> Any:
    """The redirect of a rule; `port` is the listener's. 301 unless `redirectCode` says otherwise."""
    out = route.RedirectAction(
        host_redirect=str(rule.get("authority") or ""),
        response_code=_CODES[int(rule.get("redirectCode") or 301)],
    )
    if "prefixRewrite" in rule:  # of HTTPRoutes only
        out.prefix_rewrite = str(rule["prefixRewrite"])
    else:
        out.path_redirect = str(rule.get("uri") or "")
    if scheme := rule.get("scheme"):
        out.scheme_redirect = str(scheme)
    wanted = port if rule.get("derivePort") == "FROM_REQUEST_PORT" else int(rule.get("port") or 0)
    # The scheme's own port is not written out.
    if wanted != _DEFAULT_PORTS.get(str(rule.get("scheme") or ("https" if tls else "http"))):
        out.port_redirect = wanted
    return out


def direct_response(rule: Mapping[str, Any]) -> Any:
    """A fixed answer: status, and a body as text or base64."""
    out = route.DirectResponseAction(status=int(rule["status"]))
    body = rule.get("body") or {}
    if "string" in body:
        out.body.inline_string = body["string"]
    elif "bytes" in body:
        out.body.inline_bytes = base64.b64decode(body["bytes"])
    return out
