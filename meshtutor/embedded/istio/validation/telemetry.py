"""Telemetry and ProxyConfig.

Source: Istio's pkg/config/validation/validation.go (ValidateTelemetry, ValidateProxyConfig).
Expressions are read by `cel`: Istio parses those of log filters, too; over those of tags it leaves a proxy to stumble.
"""

from __future__ import annotations

import re
from typing import Any, Final

from meshtutor.embedded.istio.validation import cel, sharing, values
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning

_ENDS_COMMAND: Final = re.compile(r"\)(?::\d+)?%")


def check(obj: dict[str, Any]) -> Problems:
    """Everything about one Telemetry."""
    spec: Spec = obj.get("spec") or {}
    yield from sharing.selector(spec)
    yield from sharing.targets(spec)
    for section in ("tracing", "metrics", "accessLogging"):
        for path, entry in each(spec.get(section), f"spec.{section}"):
            for place, provider in each(entry.get("providers"), f"{path}.providers"):
                if not provider.get("name"):
                    yield error(f"{place}.name", "a provider must have a name")
    if len(spec.get("tracing") or ()) > 1:
        message = "several entries for tracing are not supported: they are merged"
        yield warning(
            "spec.tracing", message, "of a field that two entries for one side set, the later one holds"
        )
    for path, tracing in each(spec.get("tracing"), "spec.tracing"):
        if len(tracing.get("providers") or ()) > 1:
            yield warning(f"{path}.providers", "several providers are not supported; the first one holds")
        yield from _span_tags(tracing.get("customTags") or {}, f"{path}.customTags")
    yield from _expressions(spec)


def check_proxy_config(obj: dict[str, Any]) -> Problems:
    """Everything about one ProxyConfig that its schema does not say."""
    return sharing.selector(obj.get("spec") or {})


def _span_tags(tags: dict[str, Any], path: str) -> Problems:
    for name, tag in tags.items():
        yield from unless_fine(path, "" if name else "a tag must have a name")
        if header := (tag.get("header") or {}).get("name"):
            yield from unless_fine(f"{path}[{name}].header.name", values.strict_header(header))


def _expressions(spec: Spec) -> Problems:
    for path, metrics in each(spec.get("metrics"), "spec.metrics"):
        for place, override in each(metrics.get("overrides"), f"{path}.overrides"):
            yield from _tags(override.get("tagOverrides") or {}, f"{place}.tagOverrides")
    for path, logging in each(spec.get("accessLogging"), "spec.accessLogging"):
        if expression := (logging.get("filter") or {}).get("expression"):
            yield from _compiles(f"{path}.filter.expression", expression)


def _tags(tags: dict[str, Any], path: str) -> Problems:
    for name, tag in tags.items():
        yield from unless_fine(path, "" if name else "a tag must have a name")
        removes = tag.get("operation", "UPSERT") == "REMOVE"
        if removes and tag.get("value"):
            yield error(f"{path}[{name}].value", "a value may only be set when operation is UPSERT")
        if not removes and not tag.get("value"):
            yield error(f"{path}[{name}].value", "a value must be set when operation is UPSERT")
        elif not removes:
            yield from _compiles(f"{path}[{name}].value", tag["value"])
            if _ENDS_COMMAND.search(tag["value"]):
                yield error(
                    f"{path}[{name}].value", "`)%` within a value would end Envoy's format: leave a space"
                )


def _compiles(path: str, expression: str) -> Problems:
    yield from unless_fine(path, cel.complaint(expression), "an expression is like response.code >= 400")
