"""The walk: listener -> filter chain -> virtual host -> route -> clusters -> endpoints.

A chain that passes on bytes leads to clusters itself: what is in the bytes, nobody on the way sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from meshtutor.xray import clusters, listeners, rewrites, routes, virtual_hosts
from meshtutor.xray.call import Call
from meshtutor.xray.dump import Envoy
from meshtutor.xray.result import Result

Json = dict[str, Any]
_FAULT: Final = "envoy.filters.http.fault"
_WITHOUT_CLUSTER: Final = {"NOT_FOUND": 404, "INTERNAL_SERVER_ERROR": 500}
_DENOMINATORS: Final = {"HUNDRED": 1, "TEN_THOUSAND": 100, "MILLION": 10_000}


def walk(dump: Mapping[str, Any] | Envoy, call: Call) -> Result:
    """Follow a call through a configuration, until it is answered or given to an endpoint."""
    envoy = dump if isinstance(dump, Envoy) else Envoy.of(dump)
    listener = listeners.find(envoy, call) or (None if call.listener else listeners.only_listener(envoy))
    if listener is None:
        return Result(error=f"no listener takes a call to port {call.port}")
    result = Result(listener=listener["name"])
    chain, why_not = listeners.chain_of(listener, call)
    if chain is None:
        return replace(result, error=why_not)
    if not (manager := listeners.manager(chain)):
        return _through_bytes(result, chain, envoy, call)
    name = listeners.route_name(manager)
    config = envoy.routes.get(name) if name else manager.get("route_config")
    result = replace(
        result, filter_chain=chain.get("name", ""), route_config=name or (config or {}).get("name", "")
    )
    if config is None:
        return replace(result, error=f"route configuration {name!r} is not there", status=404, flags="NR")
    through_proxy = name == listeners.HTTP_PROXY and call.scheme == "https"
    return _through_routes(result, config, envoy, call.tunnel if through_proxy else call)


def _through_bytes(result: Result, chain: Json, envoy: Envoy, call: Call) -> Result:
    """The chain is the route: the one that Envoy chose, with the clusters of its tcp_proxy."""
    chosen = routes.candidate(chain, listeners.said_of(chain, call), matched=True)
    found = clusters.targets(listeners.tcp_proxy(chain), envoy)
    name = chain.get("name") or ", ".join(listeners.server_names(chain))
    result = replace(result, filter_chain=name, candidates=(chosen,), targets=found, as_bytes=True)
    judged = _judge(replace(result, path=call.path, authority=call.authority), 0)
    return replace(judged, status=0, error=judged.error and f"{judged.error}: the connection is closed")


def _through_routes(result: Result, config: Json, envoy: Envoy, call: Call) -> Result:
    found = virtual_hosts.find(config, call.authority)
    if found is None:
        return replace(result, error=f"no virtual host serves {call.authority!r}", status=404, flags="NR")
    host, domain = found
    result = replace(result, virtual_host=host["name"], domain=domain)
    if host.get("require_tls") in ("ALL", "EXTERNAL_ONLY") and call.scheme != "https":
        return replace(result, status=301, redirect=f"https://{call.authority}{call.path}")
    route, candidates = routes.choose(host, call)
    result = replace(result, candidates=candidates, later=routes.later(host, call, len(candidates)))
    if route is None:
        return replace(result, error="no route of the virtual host takes the call", status=404, flags="NR")
    return _through_action(replace(result, route=route.get("name", ""), details=route), route, envoy, call)


def _through_action(result: Result, route: Json, envoy: Envoy, call: Call) -> Result:
    result = replace(result, fault=_fault(route))
    if "redirect" in route:
        return replace(result, **_redirect(route, call))
    if "direct_response" in route:
        return replace(result, status=int(route["direct_response"].get("status", 200)))
    action = route.get("route") or {}
    found = tuple(clusters.asked_for(target, call) for target in clusters.targets(action, envoy))
    result = replace(
        result,
        targets=found,
        timeout=_seconds(action.get("timeout", "15s")),
        retries=_retries(action.get("retry_policy") or {}),
        mirrors=tuple((m["cluster"], _percent(m)) for m in action.get("request_mirror_policies", ())),
        path=rewrites.rewritten(route.get("match") or {}, action, call.path),
        authority=action.get("host_rewrite_literal") or call.authority,
    )
    return _judge(result, _WITHOUT_CLUSTER.get(action.get("cluster_not_found_response_code", ""), 503))


def _judge(result: Result, without_cluster: int) -> Result:
    """What fails for certain: no cluster, or clusters without an endpoint that takes requests."""
    missing = [t.cluster for t in result.targets if not t.exists]
    if missing and len(missing) == len(result.targets):
        return replace(
            result, error=f"cluster {missing[0]!r} does not exist", status=without_cluster, flags="NC"
        )
    empty = [t.cluster for t in result.targets if t.exists and t.kind in ("EDS", "STATIC") and not t.healthy]
    if empty and len(empty) + len(missing) == len(result.targets):
        return replace(result, error=f"cluster {empty[0]!r} has no healthy endpoint", status=503, flags="UH")
    return result


def _redirect(route: Json, call: Call) -> Json:
    """Envoy's Location header for a redirect, and its status."""
    action = route["redirect"]
    codes = {"FOUND": 302, "SEE_OTHER": 303, "TEMPORARY_REDIRECT": 307, "PERMANENT_REDIRECT": 308}
    scheme = action.get("scheme_redirect") or ("https" if action.get("https_redirect") else call.scheme)
    host = action.get("host_redirect") or virtual_hosts.without_port(call.authority)
    port = action.get("port_redirect", 0)
    kept = "" if action.get("host_redirect") else _port_suffix(call, scheme)
    place = f"{host}:{port}" if port else f"{host}{kept}"
    path = action.get("path_redirect") or rewrites.rewritten(route.get("match") or {}, action, call.path)
    return {
        "redirect": f"{scheme}://{place}{path}",
        "status": codes.get(action.get("response_code", ""), 301),
    }


def _port_suffix(call: Call, scheme: str) -> str:
    """The port of the request stays, unless it is the old scheme's own."""
    suffix = call.authority.removeprefix(virtual_hosts.without_port(call.authority))
    return "" if scheme != call.scheme and suffix in (":80", ":443") else suffix


def _retries(policy: Json) -> Json:
    if not policy:
        return {}
    found: Json = {"attempts": int(policy.get("num_retries", 1)), "on": policy.get("retry_on", "")}
    if policy.get("retriable_status_codes"):
        found["codes"] = list(policy["retriable_status_codes"])
    if "per_try_timeout" in policy:
        found["per_try_timeout"] = _seconds(policy["per_try_timeout"])
    return found


def _fault(route: Json) -> Json:
    """`{"delay": seconds, "delay_percent": p, "abort": status, "abort_percent": p}`, as far as the route has them."""
    config = (route.get("typed_per_filter_config") or {}).get(_FAULT) or {}
    found: Json = {}
    if delay := config.get("delay"):
        found |= {
            "delay": _seconds(delay.get("fixed_delay", "0s")),
            "delay_percent": _fraction(delay.get("percentage")),
        }
    if abort := config.get("abort"):
        found["abort"] = abort.get("http_status", abort.get("grpc_status"))
        found["abort_percent"] = _fraction(abort.get("percentage"))
    return found


def _percent(mirror: Json) -> float:
    return _fraction((mirror.get("runtime_fraction") or {}).get("default_value", {"numerator": 100}))


def _fraction(value: Json | None) -> float:
    """A FractionalPercent in percent; absent is 0."""
    if not value:
        return 0.0
    return float(value.get("numerator", 0)) / _DENOMINATORS[value.get("denominator", "HUNDRED")]


def _seconds(text: str) -> float | None:
    """Protobuf's JSON duration; 0 means no limit."""
    return float(text.rstrip("s")) or None
