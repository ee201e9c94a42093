"""WorkloadEntry and WorkloadGroup: endpoints that are no pods.

Source: Istio's pkg/config/validation/validation.go (ValidateWorkloadEntry, ValidateWorkloadGroup).
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.validation import names, values
from meshtutor.embedded.istio.validation.problem import Problems, Spec, each, error, unless_fine, warning

_UNIX = "unix://"
_PROBES = ("httpGet", "tcpSocket", "exec", "grpc")


def check_entry(obj: dict[str, Any]) -> Problems:
    """Everything about one WorkloadEntry."""
    return check_endpoint(obj.get("spec") or {}, "spec")


def check_endpoint(
    spec: Spec, path: str, *, names_allowed: bool = True, unix_allowed: bool = True
) -> Problems:
    """An address with its ports and labels."""
    address = spec.get("address", "")
    if not address:
        if not spec.get("network"):
            yield error(f"{path}.address", "address is required")
            return
        yield warning(
            f"{path}.address", f"address is not set; network {spec['network']!r} must have a gateway"
        )
    elif address.startswith(_UNIX) and unix_allowed:
        yield from unless_fine(f"{path}.address", names.unix_path(address.removeprefix(_UNIX)))
        if spec.get("ports"):
            yield error(f"{path}.ports", "a unix endpoint must not have ports")
    elif not names.is_address(address) and (not names_allowed or names.fqdn(address)):
        wanted = "an IP address or a domain name" if names_allowed else "an IP address"
        yield error(f"{path}.address", f"endpoint address {address!r} is not {wanted}")
    for name, number in (spec.get("ports") or {}).items():
        yield from unless_fine(f"{path}.ports[{name}]", names.port_name(name) or names.port(number))
    yield from names.labels(spec.get("labels"), f"{path}.labels")


def check_group(obj: dict[str, Any]) -> Problems:
    """Everything about one WorkloadGroup."""
    spec: Spec = obj.get("spec") or {}
    if "template" not in spec:
        yield error("spec.template", "template is required")
    yield from names.labels((spec.get("metadata") or {}).get("labels"), "spec.metadata.labels")
    if (probe := spec.get("probe")) is not None:
        yield from _probe(probe, "spec.probe")


def _probe(probe: Spec, path: str) -> Problems:
    kind = next((kind for kind in _PROBES if kind in probe), None)
    if kind is None:
        yield error(path, f"a probe needs one of {', '.join(_PROBES)}")
        return
    method = probe[kind] or {}
    if kind in ("httpGet", "tcpSocket"):
        yield from unless_fine(f"{path}.{kind}.port", names.port(method.get("port", 0)))
    if kind == "httpGet" and method.get("scheme", "") not in ("", "HTTP", "HTTPS"):
        yield error(f"{path}.httpGet.scheme", 'scheme must be "HTTP" or "HTTPS"')
    for place, header in each(method.get("httpHeaders"), f"{path}.httpGet.httpHeaders"):
        yield from unless_fine(f"{place}.name", values.strict_header(header.get("name", "")))
    if kind == "exec" and not method.get("command"):
        yield error(f"{path}.exec.command", "a command is required")
