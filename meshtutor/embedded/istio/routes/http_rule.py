"""One entry of `spec.http`: a route for each of its matches, in order (route.go, BuildHTTPRoutesForVirtualService)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml
from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2 as route
from envoy.type.matcher.v3 import regex_pb2

from meshtutor.embedded.istio.endpoints import struct
from meshtutor.embedded.istio.http_connection import CORS, FAULT
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reading import duration
from meshtutor.embedded.istio.routes import (
    cors,
    destinations,
    faults,
    headers,
    matches,
    mirrors,
    redirects,
    retries,
)
from meshtutor.embedded.istio.routes.client import Client
from meshtutor.embedded.istio.rules import VirtualService
from meshtutor.embedded.istio.transport import any_of

DEFAULT_NAME: Final = "default"
RULE_METADATA: Final = "meshtutor"
"""Beside Istio's own metadata (which object made a route): which entry of `http` and which match, for `explain`."""

Rule = Mapping[str, Any]


def routes_of(service: VirtualService, client: Client, port: int) -> list[Any]:
    """The routes of a VirtualService for a client on a port; rules after one that takes everything are left out."""
    found: list[Any] = []
    for index, rule in enumerate(service.http):
        if not rule.get("match"):
            found.append(_route(service, index, None, client, port))
            return found
        for number, match in enumerate(rule["match"]):
            if not matches.applies_to(match, client, service.namespace, port):
                continue
            found.append(_route(service, index, number, client, port))
            if matches.is_catch_all(found[-1]):
                return found
    return found


def _route(service: VirtualService, index: int, number: int | None, client: Client, port: int) -> Any:
    """The route of `http[index]`, for its match `number` (None: it has no match)."""
    rule = service.http[index]
    match = rule["match"][number] if number is not None else None
    matcher = matches.route_match(match, whole_parts=service.gateway_api)
    out = route.Route(name=_name(rule, match), match=matcher)
    out.metadata.CopyFrom(_metadata(service, index, number))
    out.stat_prefix = str((match or {}).get("statPrefix") or "")
    authority = headers.apply(out, rule.get("headers") or {})
    if rule.get("redirect"):
        out.redirect.CopyFrom(redirects.redirect(rule["redirect"], port, tls=client.tls))
    elif rule.get("directResponse"):
        out.direct_response.CopyFrom(redirects.direct_response(rule["directResponse"]))
    else:
        out.route.host_rewrite_literal = (rule.get("rewrite") or {}).get("authority") or authority
        _forward(out, rule, client, service.namespace, port)
        if service.gateway_api:
            _as_gateway_api(out)
    out.decorator.operation = _operation(out, service.name, port)
    if rule.get("fault"):
        out.typed_per_filter_config[FAULT].CopyFrom(any_of(faults.http_fault(rule["fault"])))
    if rule.get("corsPolicy"):
        out.typed_per_filter_config[CORS].CopyFrom(any_of(cors.policy(rule["corsPolicy"])))
    return out


def _forward(out: Any, rule: Rule, client: Client, namespace: str, port: int) -> None:
    set_timeout(out.route, rule.get("timeout"))
    _rewrite(out.route, rule.get("rewrite") or {})
    out.route.request_mirror_policies.extend(mirrors.policies(rule, client, namespace, port))
    hashing = destinations.apply(out, rule.get("route") or [], client, namespace, port)
    policy = retries.policy(rule.get("retries", mesh_retries(client.mesh)), hashing=hashing)
    if policy is not None:
        out.route.retry_policy.CopyFrom(policy)


def set_timeout(action: Any, timeout: str | None) -> None:
    """No timeout unless the rule has one; a gRPC client's own `grpc-timeout` may be shorter, but not longer.

    Envoy calls max_grpc_timeout deprecated. Istio keeps to it, because its successor, max_stream_duration, switches
    `timeout` off for all requests.
    """
    action.timeout.CopyFrom(duration(timeout or 0.0))
    action.max_grpc_timeout.CopyFrom(action.timeout)


def mesh_retries(mesh: MeshConfig) -> dict[str, Any] | None:
    """MeshConfig.defaultHttpRetryPolicy, for rules that say nothing of retries."""
    return yaml.safe_load(mesh.default_retries) if mesh.default_retries else None


def _rewrite(action: Any, rewrite: Rule) -> None:
    """Set the path's rewrite."""
    if regex := rewrite.get("uriRegexRewrite"):
        pattern = regex_pb2.RegexMatcher(regex=regex["match"])
        rewritten = regex_pb2.RegexMatchAndSubstitute(pattern=pattern, substitution=regex.get("rewrite", ""))
        action.regex_rewrite.CopyFrom(rewritten)
    elif uri := rewrite.get("uri"):
        action.prefix_rewrite = uri


def _as_gateway_api(out: Any) -> None:
    """A backend that is not there is answered with 500, and a prefix rewritten to `/` is taken away (route.go)."""
    out.route.cluster_not_found_response_code = route.RouteAction.INTERNAL_SERVER_ERROR
    if out.route.prefix_rewrite == "/":
        out.route.prefix_rewrite = ""
        out.route.regex_rewrite.pattern.regex = f"^{re.escape(out.match.path_separated_prefix)}(/?)(.*)"
        out.route.regex_rewrite.substitution = r"/\2"


def _name(rule: Rule, match: Rule | None) -> str:
    name = str(rule.get("name") or "")
    return f"{name}.{match['name']}" if match and match.get("name") else name


def _metadata(service: VirtualService, index: int, number: int | None) -> Any:
    return base_pb2.Metadata(
        filter_metadata={
            "istio": struct({"config": service.config_path}),
            RULE_METADATA: struct(_place(service, index, number)),
        }
    )


def _place(service: VirtualService, index: int, number: int | None) -> dict[str, str]:
    """Where a route was written: `config` is the delegate or the HTTPRoute, `root` the place that led to a delegate."""
    origin = service.origins[index] if service.origins else None
    if origin is not None and service.gateway_api:
        return {"config": origin.config_path, "rule": origin.rule}
    if origin is None or not origin.root_path:
        return {"rule": _numbered(origin.rule if origin else f"http[{index}]", number)}
    here, above = origin.matches[number] if number is not None else (None, None)
    return {
        "config": origin.config_path,
        "rule": _numbered(origin.rule, here),
        "root": _numbered(origin.root_rule, above),
    }


def _numbered(rule: str, match: int | None) -> str:
    return rule if match is None else f"{rule}.match[{match}]"


def _operation(out: Any, name: str, port: int) -> str:
    """What traces call the route: HOST:PORT/PATH, or the rule's name where there is more than one destination."""
    match = out.match
    path = match.path or match.safe_regex.regex or f"{match.path_separated_prefix or match.prefix}*"
    if out.route.cluster:
        _, number, _, fqdn = out.route.cluster.split("|")
        return f"{fqdn}:{number}{path}"
    return f"{name}:{port}{path}"
