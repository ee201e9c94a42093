"""Parts that several kinds have: exportTo, selectors, target references, connection pools."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.validation import names, values
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning

_TARGETS: Final = (
    ("", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
)
_COUNTS: Final = (
    ("tcp", "maxConnections"),
    ("http", "http1MaxPendingRequests"),
    ("http", "http2MaxRequests"),
    ("http", "maxRequestsPerConnection"),
    ("http", "maxRetries"),
    ("http", "maxConcurrentStreams"),
)


def export_to(spec: Spec, namespace: str, *, entry: bool = False) -> Problems:
    """Namespaces, `.`, `*`; a ServiceEntry (`entry`) also knows `~`, no one."""
    found = spec.get("exportTo") or []
    seen: set[str] = set()
    for path, name in each(found, "spec.exportTo"):
        key = namespace if name == "." else name
        if key in seen:
            yield error(path, f"duplicate entries in exportTo: {name}")
        elif key not in ("*", *(("~",) if entry else ())) and not names.is_label(key):
            yield error(path, f"{name!r} is not a namespace", "expected a namespace, `.` or `*`")
        seen.add(key)
    if "*" in seen and len(found) > 1:
        yield error("spec.exportTo", "cannot have both public (*) and other values")
    if "~" in seen and len(found) > 1:
        yield error("spec.exportTo", "cannot export to no one (~) and to someone")


def selector(spec: Spec, field: str = "selector", key: str = "matchLabels") -> Problems:
    """Labels without wildcards; none of them is a warning."""
    found = spec.get(field)
    if found is None:
        return
    for label, value in (found.get(key) or {}).items():
        if not label or "*" in label or "*" in value:
            place = f"spec.{field}.{key}[{label}]"
            yield error(
                place, f"neither wildcards nor empty keys are supported in a selector: {label}={value}"
            )
    if not found.get(key):
        yield warning(
            f"spec.{field}", "the selector names no labels", "it then holds for all pods of the namespace"
        )


def targets(spec: Spec) -> Problems:
    """`targetRef` and `targetRefs`."""
    listed = [*each(spec.get("targetRefs"), "spec.targetRefs")]
    if "targetRef" in spec:
        listed.append(("spec.targetRef", spec["targetRef"]))
    for path, target in listed:
        if target.get("namespace"):
            yield error(f"{path}.namespace", "must not be set; a policy reaches its own namespace only")
        if (target.get("group", ""), target.get("kind")) not in _TARGETS:
            kinds = ", ".join(f"{group}/{kind}" if group else kind for group, kind in _TARGETS)
            yield error(
                path,
                f"a policy can be attached to {kinds}, not to {target.get('group', '')}/{target.get('kind')}",
            )


def connection_pool(pool: dict[str, Any] | None, path: str) -> Problems:
    """Counts are not negative; one section at least."""
    if pool is None:
        return
    if "tcp" not in pool and "http" not in pool:
        yield error(path, "a connection pool must have at least one field", "expected tcp, http or both")
    for section, field in _COUNTS:
        if (pool.get(section) or {}).get(field, 0) < 0:
            yield error(f"{path}.{section}.{field}", f"{field} must not be negative")
    http = pool.get("http") or {}
    if http.get("h2UpgradePolicy") == "UPGRADE" and http.get("useClientProtocol"):
        yield error(f"{path}.http.useClientProtocol", "must not be true when h2UpgradePolicy is UPGRADE")
    if "idleTimeout" in (tcp := pool.get("tcp") or {}):
        yield from unless_fine(f"{path}.tcp.idleTimeout", values.duration(tcp["idleTimeout"], zero=True))
