"""Conditions of an HTTP rule.

Source: Istio's pkg/config/validation/virtualservice.go (validateHTTPRouteMatchRequest). That at most one of exact,
prefix and regex is set is checked by `shape`.
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.validation import names, values
from meshtutor.embedded.istio.validation.problem import Problems, error, unless_fine


def check(match: dict[str, Any], path: str) -> Problems:
    """One match: its conditions, and where it holds."""
    for field in ("headers", "withoutHeaders"):
        for name, condition in (match.get(field) or {}).items():
            place = f"{path}.{field}[{name}]"
            yield from unless_fine(place, values.matched_header(name))
            if field == "headers" or (condition or {}).get("regex") != "*":  # there `*` means: any value
                yield from text(condition, place)
    yield from text(match.get("uri"), f"{path}.uri", empty_prefix=True)
    for field in ("scheme", "method", "authority"):
        yield from text(match.get(field), f"{path}.{field}")
    for name, condition in (match.get("queryParams") or {}).items():
        if not name:
            yield error(f"{path}.queryParams[]", "a query parameter needs a name")
        yield from text(condition, f"{path}.queryParams[{name}]")
    yield from _place(match, path)


def text(condition: dict[str, str] | None, path: str, *, empty_prefix: bool = False) -> Problems:
    """An exact, prefix or regex comparison. Envoy takes an empty prefix for paths only."""
    condition = condition or {}
    if condition.get("prefix") == "" and not empty_prefix:
        yield error(
            f"{path}.prefix", "prefix must not be empty", "leave the condition out, or {} to ask for presence"
        )
    if "regex" in condition:
        yield from unless_fine(f"{path}.regex", values.expression(condition["regex"]))


def _place(match: dict[str, Any], path: str) -> Problems:
    if match.get("port"):
        yield from unless_fine(f"{path}.port", names.port(match["port"]))
    yield from names.labels(match.get("sourceLabels"), f"{path}.sourceLabels")
    yield from names.gateways(match.get("gateways"), f"{path}.gateways")
    namespace = match.get("sourceNamespace")
    if namespace and not names.is_label(namespace):
        yield error(f"{path}.sourceNamespace", f"{namespace!r} is not a namespace")
