"""AuthorizationPolicy: rules that can match, with values that have the right form.

Source: Istio's pkg/config/validation/validation.go (ValidateAuthorizationPolicy) and pkg/config/security/security.go.
"""

from __future__ import annotations

import re
from typing import Any, Final

from meshtutor.embedded.istio.validation import names, sharing
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning

Part = dict[str, Any]
_ADDRESSES: Final = ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks")
_IDENTITIES: Final = ("principals", "notPrincipals", "namespaces", "notNamespaces")
_ACCOUNTS: Final = ("serviceAccounts", "notServiceAccounts")
_TCP_SOURCES: Final = (*_ADDRESSES, *_IDENTITIES, *_ACCOUNTS)
_NOT_CUSTOM: Final = (
    *_IDENTITIES, *_ACCOUNTS, "requestPrincipals", "notRequestPrincipals", "trustDomains", "notTrustDomains",
)  # fmt: skip
_PLAIN_KEYS: Final = (
    "source.namespace", "source.principal", "request.auth.principal", "request.auth.audiences",
    "request.auth.presenter", "connection.sni",
)  # fmt: skip
_MAP_KEYS: Final = ("request.headers", "request.auth.claims", "experimental.envoy.filters.")
_REPLACED: Final = {
    "destination.namespace": "it is the namespace of the policy",
    "destination.labels": "use the selector",
    "destination.name": "use the selector",
    "destination.user": "use the selector",
}
_TEMPLATES: Final = ("{*}", "{**}")
_LITERAL: Final = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+")


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one AuthorizationPolicy."""
    spec: Spec = obj.get("spec") or {}
    action = spec.get("action", "ALLOW")
    yield from sharing.selector(spec)
    yield from sharing.targets(spec)
    if action in ("CUSTOM", "DENY") and "rules" not in spec:
        hint = "add an empty rule `{}` if every request is meant"
        yield error("spec.rules", f"{action} without rules is never triggered", hint)
    if action == "CUSTOM" and "rules" in spec and not (spec.get("provider") or {}).get("name"):
        yield error("spec.provider.name", "CUSTOM needs the name of a provider")
    if action != "CUSTOM" and "provider" in spec:
        yield error("spec.provider", f"a provider is for action CUSTOM, not for {action}")
    for path, rule in each(spec.get("rules"), "spec.rules"):
        yield from _rule(rule or {}, path, action)


def _rule(rule: Part, path: str, action: str) -> Problems:
    for field in ("from", "to"):
        if rule.get(field) == []:
            yield error(f"{path}.{field}", f"{field} must not be empty")
    for place, entry in each(rule.get("from"), f"{path}.from"):
        yield from _source(entry.get("source"), f"{place}.source", action)
    for place, entry in each(rule.get("to"), f"{path}.to"):
        yield from _operation(entry.get("operation"), f"{place}.operation")
    for place, condition in each(rule.get("when"), f"{path}.when"):
        yield from _condition(condition, place, action)
    if action == "DENY" and _http_only(rule):
        yield warning(
            path,
            "this DENY rule uses HTTP attributes only, so it denies all traffic to TCP ports",
            "name the port as well",
        )


def _http_only(rule: Part) -> bool:
    sources = [entry.get("source") or {} for entry in rule.get("from") or ()]
    operations = [entry.get("operation") or {} for entry in rule.get("to") or ()]
    tcp_source = any(field in source for source in sources for field in _TCP_SOURCES)
    tcp_operation = any(field in operation for operation in operations for field in ("ports", "notPorts"))
    return bool((sources and not operations and not tcp_source) or (operations and not tcp_operation))


def _source(source: Part | None, path: str, action: str) -> Problems:
    if not source or not any(source.values()):
        yield error(path, "a source must not be empty", "leave `from` out to mean every caller")
        return
    if any(source.get(field) for field in _IDENTITIES) and any(source.get(field) for field in _ACCOUNTS):
        yield error(path, "cannot set serviceAccounts together with namespaces or principals")
    for field, found in source.items():
        if action == "CUSTOM" and field in _NOT_CUSTOM and found:
            yield error(f"{path}.{field}", f"{field} is not supported with action CUSTOM")
        for place, value in each(found, f"{path}.{field}"):
            yield from unless_fine(place, _source_value(field, value))


def _source_value(field: str, value: str) -> str:
    if not value:
        return "an empty value is not allowed"
    if field in _ADDRESSES:
        return names.subnet(value)
    if field in _ACCOUNTS:
        return _account(value)
    if field in ("trustDomains", "notTrustDomains"):
        return _wildcard(value) or (f"a trust domain has no slash: {value!r}" if "/" in value else "")
    return ""


def _operation(operation: Part | None, path: str) -> Problems:
    if not operation or not any(operation.values()):
        yield error(path, "an operation must not be empty", "leave `to` out to mean every request")
        return
    for field, found in operation.items():
        for place, value in each(found, f"{path}.{field}"):
            complaint = "" if value else "an empty value is not allowed"
            if value and field in ("ports", "notPorts"):
                complaint = "" if value.isdigit() and int(value) <= 65535 else f"bad port ({value})"
            elif value and field in ("paths", "notPaths"):
                complaint = _path_template(value)
            yield from unless_fine(place, complaint)


def _path_template(path: str) -> str:
    parts = path.strip("/").split("/")
    templated = any(template in path for template in _TEMPLATES)
    for index, part in enumerate(parts):
        if part in _TEMPLATES:
            if "{**}" in parts[:index]:
                return f"{path}: {{**}} must be the last template"
        elif "{" in part or "}" in part:
            return f"{path}: a segment is {{*}} or {{**}} or has no braces"
        elif templated and not _LITERAL.fullmatch(part):
            return f"{path}: the segment {part!r} is not allowed beside templates"
    return ""


def _condition(condition: Part, path: str, action: str) -> Problems:
    key = condition.get("key", "")
    if not key:
        yield error(f"{path}.key", "key must not be empty")
        return
    if not condition.get("values") and not condition.get("notValues"):
        yield error(path, f"at least one of values or notValues must be set for key {key}")
    if action == "CUSTOM" and (key.startswith(("request.auth.", "source.")) and key != "source.ip"):
        yield error(f"{path}.key", f"{key} is not supported with action CUSTOM")
    yield from unless_fine(f"{path}.key", _key(key))
    for field in ("values", "notValues"):
        for place, value in each(condition.get(field), f"{path}.{field}"):
            yield from unless_fine(place, _condition_value(key, value))


def _key(key: str) -> str:
    replaced = next((why for old, why in _REPLACED.items() if key.startswith(old)), "")
    if replaced:
        return f"attribute {key} is not supported any more: {replaced}"
    if key.startswith(_MAP_KEYS):
        opened = key.find("[")
        return "" if key.endswith("]") and 0 < opened < len(key) - 2 else f"{key}: expected the form a[b]"
    known = (*_PLAIN_KEYS, "source.ip", "remote.ip", "source.serviceAccount", "source.trustDomain", "destination.ip",
             "destination.port")  # fmt: skip
    return "" if key in known else f"unknown attribute: {key}"


def _condition_value(key: str, value: str) -> str:
    if not value:
        return "an empty value is not allowed"
    if key in ("source.ip", "remote.ip", "destination.ip"):
        return names.subnet(value)
    if key == "destination.port":
        return "" if value.isdigit() and int(value) <= 65535 else f"bad port ({value})"
    if key == "source.serviceAccount":
        return _account(value)
    return _wildcard(value) if key == "source.trustDomain" else ""


def _account(value: str) -> str:
    parts = value.split("/")
    if "*" in value:
        return "wildcards are not allowed in service accounts"
    return "" if len(parts) <= 2 and all(parts) else f"expected ACCOUNT or NAMESPACE/ACCOUNT, found {value!r}"


def _wildcard(value: str) -> str:
    inner = value.removeprefix("*") if value.startswith("*") else value.removesuffix("*")
    return f"one wildcard is allowed, at the start or the end: {value!r}" if "*" in inner else ""
