"""HTTPRoutes: the rules that the Gateway API's definition states in CEL, as sentences, and texts Envoy would refuse.

Source: gateway-api 1.5, apis/v1/httproute_types.go and shared_types.go (XValidation markers).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from meshtutor.embedded.istio.validation import values
from meshtutor.embedded.istio.validation.problem import Problems, each, error, unless_fine
from meshtutor.kube import objects

_FIELDS: Final[Mapping[str, str]] = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "CORS": "cors",
}
_REPEATABLE: Final = ("RequestMirror", "ExtensionRef")
_PLAIN_PATH: Final = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")
_FORBIDDEN: Final = ("//", "/./", "/../", "%2f", "%2F", "#")
_NOT_IN_PATHS: Final = re.compile(r"[\\\x00-\x1f\x7f]")
_MOST_MATCHES: Final = 128
Rule = Mapping[str, Any]


def check(obj: dict[str, Any]) -> Problems:
    """One HTTPRoute."""
    spec = objects.spec(obj)
    yield from _parents(spec.get("parentRefs") or [])
    for path, rule in each(spec.get("rules"), "spec.rules"):
        for place, match in each(rule.get("matches"), f"{path}.matches"):
            yield from _match(match, place)
        yield from _filters(rule, rule.get("filters") or [], f"{path}.filters")
        yield from _backends(rule, path)
        yield from _timeouts(rule.get("timeouts") or {}, f"{path}.timeouts")
    total = sum(len(rule.get("matches") or ()) for rule in spec.get("rules") or ())
    if total > _MOST_MATCHES:
        yield error("spec.rules", f"has {total} matches; {_MOST_MATCHES} are allowed in all rules together")


def _parents(refs: list[dict[str, Any]]) -> Problems:
    """Two references to one parent must name different listeners, or ports."""
    keys = [
        (
            r.get("group"),
            r.get("kind"),
            r.get("namespace"),
            r.get("name"),
            r.get("sectionName"),
            r.get("port"),
        )
        for r in refs
    ]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            hint = "name another listener by sectionName"
            yield error(f"spec.parentRefs[{index}]", "is there twice", hint)
        elif any(one[:4] == key[:4] and (None, None) in (one[4:], key[4:]) for one in keys[:index]):
            message = "two references to one parent must both say which listener they mean"
            yield error(f"spec.parentRefs[{index}].sectionName", message)


def _match(match: Rule, path: str) -> Problems:
    yield from _path(match.get("path") or {}, f"{path}.path")
    for field in ("headers", "queryParams"):
        for place, one in each(match.get(field), f"{path}.{field}"):
            if one.get("type") == "RegularExpression":
                yield from unless_fine(f"{place}.value", values.expression(one["value"]))


def _path(match: Rule, path: str) -> Problems:
    text, place = str(match.get("value", "/")), f"{path}.value"
    if match.get("type") == "RegularExpression":
        yield from unless_fine(place, values.expression(text))
        return
    if not text.startswith("/"):
        yield error(place, f"{text!r} does not begin with /")
    elif wrong := next((part for part in _FORBIDDEN if part in text), ""):
        yield error(place, f"{text!r} must not have {wrong} in it")
    elif text.endswith(("/..", "/.")):
        yield error(place, f"{text!r} must not end with a dot of its own")
    elif not _PLAIN_PATH.fullmatch(text):
        yield error(place, f"{text!r} has characters that no path has; write them as %XX")


def _filters(rule: Rule, filters: list[dict[str, Any]], path: str) -> Problems:
    kinds = Counter(one.get("type", "") for one in filters)
    for kind, count in kinds.items():
        if count > 1 and kind not in _REPEATABLE:
            yield error(path, f"{kind} is there {count} times; it cannot be repeated")
    if kinds["RequestRedirect"] and kinds["URLRewrite"]:
        yield error(path, "RequestRedirect and URLRewrite exclude each other")
    for place, one in each(filters, path):
        yield from _filter(rule, one, place)


def _filter(rule: Rule, one: Rule, path: str) -> Problems:
    kind = one.get("type", "")
    for name, field in _FIELDS.items():
        if name == kind and field not in one:
            yield error(f"{path}.{field}", f"type {kind} asks for it")
        elif name != kind and field in one:
            yield error(f"{path}.{field}", f"is for type {name}, and this filter's type is {kind}")
    for field in ("requestHeaderModifier", "responseHeaderModifier"):
        yield from _headers(one.get(field) or {}, f"{path}.{field}")
    for field in ("requestRedirect", "urlRewrite"):
        if modifier := (one.get(field) or {}).get("path"):
            yield from _modifier(rule, modifier, f"{path}.{field}.path")
    yield from _mirror(one.get("requestMirror") or {}, f"{path}.requestMirror")


def _headers(modifier: Rule, path: str) -> Problems:
    for operation in ("set", "add"):
        for place, header in each(modifier.get(operation), f"{path}.{operation}"):
            yield from unless_fine(f"{place}.value", values.header_value(header["value"]))
    for place, name in each(modifier.get("remove"), f"{path}.remove"):
        yield from unless_fine(place, values.header_operation(name, host=True))


def _modifier(rule: Rule, modifier: Rule, path: str) -> Problems:
    kind = modifier.get("type")
    for name, field in (("ReplaceFullPath", "replaceFullPath"), ("ReplacePrefixMatch", "replacePrefixMatch")):
        if (name == kind) != (field in modifier):
            said = (
                f"type {kind} asks for it" if name == kind else f"is for type {name}, and the type is {kind}"
            )
            yield error(f"{path}.{field}", said)
        if _NOT_IN_PATHS.search(modifier.get(field, "")):
            yield error(f"{path}.{field}", "has a backslash or a control character in it, which no path has")
    if kind == "ReplacePrefixMatch" and not _has_one_prefix(rule):
        message = "a prefix can be replaced in a rule with exactly one match, which is of type PathPrefix"
        yield error(f"{path}.replacePrefixMatch", message)


def _has_one_prefix(rule: Rule) -> bool:
    matches = rule.get("matches") or [{}]
    return len(matches) == 1 and (matches[0].get("path") or {}).get("type", "PathPrefix") == "PathPrefix"


def _mirror(mirror: Rule, path: str) -> Problems:
    if not mirror:
        return
    yield from _port(mirror.get("backendRef") or {}, f"{path}.backendRef")
    fraction = mirror.get("fraction") or {}
    if fraction.get("numerator", 0) > fraction.get("denominator", 100):
        yield error(f"{path}.fraction.numerator", "is more than the denominator")


def _backends(rule: Rule, path: str) -> Problems:
    redirects = any("requestRedirect" in one for one in rule.get("filters") or ())
    if redirects and rule.get("backendRefs"):
        yield error(f"{path}.backendRefs", "a rule that redirects sends nothing to backends")
    for place, ref in each(rule.get("backendRefs"), f"{path}.backendRefs"):
        yield from _port(ref, place)
        yield from _filters(rule, ref.get("filters") or [], f"{place}.filters")


def _port(ref: Rule, path: str) -> Problems:
    if (ref.get("group", ""), ref.get("kind", "Service")) != ("", "Service"):
        return
    if "port" not in ref:
        yield error(f"{path}.port", "a Service asks for a port")
    if "." in str(ref.get("name", "")):
        yield error(
            f"{path}.name", f"{ref['name']!r} is a host name", "write the Service's name and namespace"
        )


def _timeouts(timeouts: Rule, path: str) -> Problems:
    whole, attempt = (
        values.nanoseconds(timeouts.get(field, "0s")) or 0 for field in ("request", "backendRequest")
    )
    if whole and attempt > whole:
        yield error(f"{path}.backendRequest", "one attempt may not take longer than the whole request")
