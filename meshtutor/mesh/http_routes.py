"""HTTPRoutes in an explanation: which field of one decided what a VirtualService's field would have decided.

On a real cluster Istio's metadata name an internal VirtualService (`NS~...`), which nobody wrote; but it names each
route NAMESPACE.NAME.RULE after the HTTPRoute (conversion.go, convertHTTPRoute), unless the rule has a name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshtutor.kube import objects

Object = Mapping[str, Any]
_INTERNAL: Final = "~"
_FILTERS: Final = {"rewrite": "urlRewrite", "redirect": "requestRedirect", "mirrors": "requestMirror"}


def is_route(obj: Object | None) -> bool:
    """Whether an object is an HTTPRoute."""
    return bool(obj) and (obj or {}).get("kind") == "HTTPRoute"


def by_name(config: str, route: str) -> tuple[str, str, str] | None:
    """(namespace, name, path of the rule) behind a route's name, or None if it is not an HTTPRoute's."""
    namespace, _, rest = route.partition(".")
    name, _, number = rest.rpartition(".")
    if _INTERNAL not in config.rpartition("/")[2] or not name or not number.isdigit():
        return None
    return namespace, name, f"spec.rules[{number}]"


def field_path(route: Object, rule: str, name: str) -> str:
    """The path of what stands in an HTTPRoute for a field of a VirtualService's rule, "" where nothing does."""
    if name == "timeout":
        timeouts = (objects.dig(route, rule) or {}).get("timeouts") or {}
        asked = next((field for field in ("backendRequest", "request") if field in timeouts), "")
        return f"{rule}.timeouts.{asked}" if asked else ""
    if name == "directResponse":
        return f"{rule}.backendRefs"
    for index, one in enumerate((objects.dig(route, rule) or {}).get("filters") or ()):
        if _FILTERS.get(name, " ") in one:
            return f"{rule}.filters[{index}].{_FILTERS[name]}"
    return ""


def backend_path(route: Object, rule: str, fqdn: str) -> str:
    """The path of the backend that leads to a host; the rule's where none does."""
    refs = (objects.dig(route, rule) or {}).get("backendRefs") or ()
    for index, ref in enumerate(refs):
        namespace = ref.get("namespace") or objects.namespace(route)
        if fqdn.startswith(f"{ref['name']}.{namespace}.svc.") or (not fqdn and len(refs) == 1):
            return f"{rule}.backendRefs[{index}].name"
    return rule


def host_path(route: Object, host: str) -> str:
    """The path of the hostname that covers a host, or of the reference to the Service or Gateway that brought it."""
    spec = objects.spec(route)
    for index, name in enumerate(spec.get("hostnames") or ()):
        if name == host or (name.startswith("*") and host.endswith(name[1:])):
            return f"spec.hostnames[{index}]"
    for index, ref in enumerate(spec.get("parentRefs") or ()):
        if ref.get("kind") == "Service" and host.startswith(f"{ref['name']}."):
            return f"spec.parentRefs[{index}]"
    return "spec.parentRefs[0]" if spec.get("parentRefs") else ""
