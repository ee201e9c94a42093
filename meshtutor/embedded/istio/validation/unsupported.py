"""What Istio's API has and the lab does not do yet: refused by name, so that nothing is ignored silently.

`IMPLEMENTED` lists what works, per kind, as paths with `[]` for a list's and `{}` for a map's values; `**` stands for
everything below. Whoever implements a field widens this table, and only then. A kind that is not in it is refused
as a whole. `VALUES` narrows a field to the values that work, `CLAIMS` are maps whose keys may be claims of tokens,
`MAPS` those of whose values not every field works.
What the API does not know at all is nobody's business here: the schema drops it, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from meshtutor.embedded.apiserver.schema.reading import Reader
from meshtutor.embedded.crds.definitions import spec_type, types
from meshtutor.embedded.crds.notation import Schema, expand
from meshtutor.embedded.istio.validation import limits, values
from meshtutor.embedded.istio.validation.problem import Problem, Problems, error
from meshtutor.embedded.istio.validation.server_tls import CIPHERS
from meshtutor.kube.kinds import GATEWAY_API, KUBERNETES_GATEWAY, RULES, Kind, kind_of
from meshtutor.kube.objects import join

_MACHINE: Final = ("address", "ports.**", "labels.**", "locality", "weight", "serviceAccount")
IMPLEMENTED: Final[Mapping[str, tuple[str, ...]]] = {
    "VirtualService": (
        "hosts[]", "gateways[]", "exportTo[]",
        *(f"http[].{field}" for field in (
            "name", "match[].**", "route[].**", "delegate.**", "redirect.**", "directResponse.**", "rewrite.**",
            "timeout", "retries.**", "fault.**", "mirror.**", "mirrors[].**", "mirrorPercentage.**", "mirrorPercent",
            "mirror_percent", "corsPolicy.**", "headers.**",
        )),
        "tls[].match[].**", "tls[].route[].**", "tcp[].match[].**", "tcp[].route[].**",
    ),
    "DestinationRule": (
        "host", "exportTo[]", "workloadSelector.**", "subsets[].name", "subsets[].labels.**",
        "trafficPolicy.portLevelSettings[].port.number", "subsets[].trafficPolicy.portLevelSettings[].port.number",
        "trafficPolicy.retryBudget.**", "subsets[].trafficPolicy.retryBudget.**",
        *(f"{place}{field}" for place in (
            "trafficPolicy.", "trafficPolicy.portLevelSettings[].",
            "subsets[].trafficPolicy.", "subsets[].trafficPolicy.portLevelSettings[].",
        ) for field in (
            "tls.mode", "tls.credentialName", "tls.subjectAltNames[]", "tls.sni", "tls.insecureSkipVerify",
            "tls.caCertificates", "outlierDetection.**", "connectionPool.http.**",
            "connectionPool.tcp.**", "loadBalancer.simple", "loadBalancer.warmup.**",
            "loadBalancer.warmupDurationSecs", "loadBalancer.localityLbSetting.**",
            "loadBalancer.consistentHash.httpHeaderName",
            "loadBalancer.consistentHash.httpQueryParameterName", "loadBalancer.consistentHash.useSourceIp",
            "loadBalancer.consistentHash.ringHash.**", "loadBalancer.consistentHash.minimumRingSize",
            "loadBalancer.consistentHash.maglev.**", "loadBalancer.consistentHash.httpCookie.name",
            "loadBalancer.consistentHash.httpCookie.path", "loadBalancer.consistentHash.httpCookie.ttl",
        )),
    ),
    "ServiceEntry": (
        "hosts[]", "addresses[]", "exportTo[]", "location", "resolution", "ports[].**", "workloadSelector.**",
        *(f"endpoints[].{field}" for field in _MACHINE),
    ),
    "WorkloadEntry": _MACHINE,
    "Sidecar": ("workloadSelector.**", "egress[].hosts[]", "outboundTrafficPolicy.mode"),
    "Telemetry": (
        "selector.**", *(f"tracing[].{field}" for field in (
            "providers[].name", "match.mode", "randomSamplingPercentage", "disableSpanReporting",
            "customTags{}.literal.**", "customTags{}.header.**", "customTags{}.environment.**",
            "useRequestIdForTraceSampling", "enableIstioTags",
        )),
        "accessLogging[].**", "metrics[].providers[].name", "metrics[].overrides[].disabled",
        "metrics[].overrides[].match.metric", "metrics[].overrides[].match.mode",
        "metrics[].overrides[].tagOverrides.**",
    ),
    "Gateway": (
        "selector.**", "servers[].name", "servers[].hosts[]", "servers[].port.**",
        *(f"servers[].tls.{field}" for field in (
            "httpsRedirect", "mode", "credentialName", "credentialNames[]", "subjectAltNames[]",
            "caCertCredentialName", "minProtocolVersion", "maxProtocolVersion", "cipherSuites[]",
        )),
    ),
    KUBERNETES_GATEWAY.unique_name: (
        "gatewayClassName", "listeners[].**", "addresses[].**", "infrastructure.labels.**",
        "infrastructure.annotations.**",
    ),
    "HTTPRoute": (
        "parentRefs[].**", "hostnames[]", *(f"rules[].{field}" for field in (
            "name", "matches[].**", "timeouts.**", "filters[].type", "filters[].requestHeaderModifier.**",
            "filters[].responseHeaderModifier.**", "filters[].requestMirror.**", "filters[].requestRedirect.**",
            "filters[].urlRewrite.**", *(f"backendRefs[].{field}" for field in (
                "group", "kind", "name", "namespace", "port", "weight", "filters[].type",
                "filters[].requestHeaderModifier.**", "filters[].responseHeaderModifier.**",
            )),
        )),
    ),
    "ReferenceGrant": ("from[].**", "to[].**"),
}  # fmt: skip
VALUES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("VirtualService", "http[].redirect.redirectCode"): ("0", "301", "302", "303", "307", "308"),
    ("Telemetry", "metrics[].overrides[].match.metric"): (
        "ALL_METRICS",
        "REQUEST_COUNT",
        "REQUEST_DURATION",
        "REQUEST_SIZE",
        "RESPONSE_SIZE",
        "TCP_OPENED_CONNECTIONS",
        "TCP_CLOSED_CONNECTIONS",
        "TCP_SENT_BYTES",
        "TCP_RECEIVED_BYTES",
    ),
    ("ServiceEntry", "resolution"): ("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN"),
    ("ServiceEntry", "ports[].protocol"): ("HTTP", "HTTP2", "GRPC", "HTTPS", "TLS"),
    ("Gateway", "servers[].port.protocol"): ("HTTP", "HTTP2", "GRPC", "HTTPS", "TLS", "TCP"),
    ("Gateway", "servers[].tls.mode"): ("PASSTHROUGH", "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"),
    ("Gateway", "servers[].tls.cipherSuites[]"): CIPHERS,
    ("HTTPRoute", "rules[].backendRefs[].kind"): ("SERVICE",),
    ("HTTPRoute", "rules[].filters[].requestMirror.backendRef.kind"): ("SERVICE",),
}
_LIMITS: Final[Mapping[str, Callable[[dict[str, Any]], Problems]]] = {
    "VirtualService": limits.virtual_service,
    "Gateway": limits.gateway,
    "ServiceEntry": limits.service_entry,
    "WorkloadEntry": limits.workload_entry,
    "DestinationRule": limits.destination_rule,
}
CLAIMS: Final = ("http[].match[].headers", "http[].match[].withoutHeaders")
MAPS: Final = (("Telemetry", "tracing[].customTags"),)
_WHY: Final[Mapping[tuple[str, str], str]] = {
    (
        "ServiceEntry",
        "ports[].protocol",
    ): "bytes that name no host need the capture of packets by iptables, which takes root",
    ("ServiceEntry", "resolution"): "with NONE the name in each request is looked up here",
    ("EnvoyFilter", ""): "patches are written against the configuration that Istio itself makes for Envoy",
}
_HINT: Final = limits.HINT


def check(obj: dict[str, Any]) -> Problems:
    """An error for each field, or for the whole kind, that the lab does not implement."""
    kind = kind_of(obj, RULES)
    if kind is None:
        return
    name = kind.unique_name
    if name not in IMPLEMENTED:
        yield _refusal(kind.kind, "", "kind")
        return
    spec = Reader(custom=True, defaults=False).read(obj.get("spec") or {}, _schema(kind))
    yield from _walk(name, spec, "", "")
    if limit := _LIMITS.get(name):
        yield from limit(spec)


@cache
def _schema(kind: Kind) -> Schema:
    return expand(spec_type(kind), types())


def _walk(kind: str, value: Any, path: str, pattern: str) -> Problems:
    """The outermost places from which on nothing is implemented; an empty list asks for nothing."""
    if value in ([], None):
        return
    if pattern and not any(_covers(rule, pattern) for rule in IMPLEMENTED[kind]):
        yield _refusal(kind, pattern, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if pattern in CLAIMS and values.is_claim(key):
                yield _claim(key, join(path, key))
            yield from _walk(kind, inner, join(path, key), _inner(kind, pattern, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(kind, inner, join(path, index), f"{pattern}[]")
    elif (allowed := VALUES.get((kind, pattern))) and str(value).upper() not in allowed:
        known = f"{value} is part of {_api(kind)}, but this lab implements only {', '.join(allowed)} here yet"
        yield error(f"spec.{path}", f"{known}{_why(kind, pattern)}", _HINT)


def _inner(kind: str, pattern: str, key: str) -> str:
    if (kind, pattern) in MAPS:
        return f"{pattern}{{}}"
    return f"{pattern}.{key}" if pattern else key


def _covers(rule: str, pattern: str) -> bool:
    """Whether a rule allows a place, or something within it."""
    stem = rule.removesuffix(".**")
    inside = rule != stem and _begins(pattern, stem)
    return inside or _begins(stem, pattern)


def _begins(whole: str, start: str) -> bool:
    return whole == start or whole.startswith((f"{start}.", f"{start}[", f"{start}{{"))


def _claim(name: str, path: str) -> Problem:
    why = "it needs a RequestAuthentication that reads tokens at the gateway"
    return error(f"spec.{path}", f"{name}: this lab does not route by a token's claims yet: {why}", _HINT)


def _api(kind: str) -> str:
    return "the Gateway API" if any(k.unique_name == kind for k in GATEWAY_API) else "Istio's API"


def _refusal(kind: str, pattern: str, path: str) -> Problem:
    what = "this field is" if pattern else f"{kind} is"
    message = f"{what} part of {_api(kind)}, but this lab does not implement it yet{_why(kind, pattern)}"
    return error(f"spec.{path}" if pattern else path, message, _HINT)


def _why(kind: str, pattern: str) -> str:
    return f": {reason}" if (reason := _WHY.get((kind, pattern))) else ""
