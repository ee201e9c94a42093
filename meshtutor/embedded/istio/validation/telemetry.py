"""Telemetry and ProxyConfig.

Source: Istio's pkg/config/validation/validation.go (ValidateTelemetry, ValidateProxyConfig).
Left out: whether the CEL expression of a log's filter can be compiled; Envoy says so when it gets it.
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.validation import sharing
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, warning


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
        yield warning("spec.tracing", "several entries for tracing are not supported; the first one holds")
    for path, tracing in each(spec.get("tracing"), "spec.tracing"):
        if len(tracing.get("providers") or ()) > 1:
            yield warning(f"{path}.providers", "several providers are not supported; the first one holds")
    for path, metrics in each(spec.get("metrics"), "spec.metrics"):
        for place, override in each(metrics.get("overrides"), f"{path}.overrides"):
            yield from _tags(override.get("tagOverrides") or {}, f"{place}.tagOverrides")


def check_proxy_config(obj: dict[str, Any]) -> Problems:
    """Everything about one ProxyConfig that its schema does not say."""
    return sharing.selector(obj.get("spec") or {})


def _tags(tags: dict[str, Any], path: str) -> Problems:
    for name, tag in tags.items():
        removes = tag.get("operation", "UPSERT") == "REMOVE"
        if removes and tag.get("value"):
            yield error(f"{path}[{name}].value", "a value may only be set when operation is UPSERT")
        if not removes and not tag.get("value"):
            yield error(f"{path}[{name}].value", "a value must be set when operation is UPSERT")
