"""What must hold in a PodSpec beyond its types: ValidatePodSpec in pkg/apis/core/validation/validation.go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from meshtutor.embedded.apiserver.statuses import (
    FieldError,
    duplicate,
    invalid_value,
    not_supported,
    required,
)
from meshtutor.embedded.apiserver.strategies.names import label_error
from meshtutor.embedded.apiserver.values import items_of

QUANTITY: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc")


def check_pod_spec(spec: dict[str, Any], path: str) -> list[FieldError]:
    """A PodSpec, of a Pod or of a template."""
    volumes = items_of(spec, "volumes")
    containers = items_of(spec, "containers")
    found = check_names(volumes, f"{path}.volumes")
    if not containers:
        found.append(required(f"{path}.containers"))
    found += check_names([*containers, *items_of(spec, "initContainers")], f"{path}.containers")
    known = {volume.get("name") for volume in volumes}
    for name in ("initContainers", "containers"):
        for i, container in enumerate(items_of(spec, name)):
            found += _check_container(container, f"{path}.{name}[{i}]", known)
    found += one_of(spec, "restartPolicy", ("Always", "OnFailure", "Never"), path)
    found += one_of(spec, "dnsPolicy", ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"), path)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        value = spec["terminationGracePeriodSeconds"]
        found.append(
            invalid_value(
                f"{path}.terminationGracePeriodSeconds", value, "must be greater than or equal to 0"
            )
        )
    return found


def check_names(items: list[dict[str, Any]], path: str) -> list[FieldError]:
    """Each has a `name` that is a DNS label, and no two share one."""
    found, seen = [], set()
    for i, item in enumerate(items):
        name = item.get("name") or ""
        at = f"{path}[{i}].name"
        if not name:
            found.append(required(at))
        elif why := label_error(name):
            found.append(invalid_value(at, name, why))
        elif name in seen:
            found.append(duplicate(at, name))
        seen.add(name)
    return found


def one_of(parent: dict[str, Any], name: str, values: Iterable[str], path: str) -> list[FieldError]:
    """The field, where set, is one of the values."""
    value, allowed = parent.get(name), tuple(values)
    return [] if value is None or value in allowed else [not_supported(f"{path}.{name}", value, allowed)]


def check_port(value: Any, path: str) -> list[FieldError]:
    """A port number."""
    if isinstance(value, int) and 0 < value <= 65535:
        return []
    return [invalid_value(path, value, "must be between 1 and 65535, inclusive")]


def _check_container(container: dict[str, Any], path: str, volumes: set[Any]) -> list[FieldError]:
    found = []
    if not container.get("image"):
        found.append(required(f"{path}.image"))
    found += one_of(container, "imagePullPolicy", ("Always", "IfNotPresent", "Never"), path)
    for i, port in enumerate(items_of(container, "ports")):
        at = f"{path}.ports[{i}]"
        found += check_port(port.get("containerPort"), f"{at}.containerPort")
        found += one_of(port, "protocol", ("SCTP", "TCP", "UDP"), at)
    found += _check_environment(items_of(container, "env"), f"{path}.env")
    found += _check_mounts(items_of(container, "volumeMounts"), f"{path}.volumeMounts", volumes)
    for name in _PROBES:
        if isinstance(container.get(name), dict):
            found += _check_probe(container[name], f"{path}.{name}")
    return found + _check_resources(container.get("resources") or {}, f"{path}.resources")


def _check_environment(variables: list[dict[str, Any]], path: str) -> list[FieldError]:
    found = []
    for i, variable in enumerate(variables):
        if not variable.get("name"):
            found.append(required(f"{path}[{i}].name"))
        if variable.get("value") and variable.get("valueFrom"):
            detail = "may not be specified when `value` is not empty"
            found.append(invalid_value(f"{path}[{i}].valueFrom", "", detail))
    return found


def _check_mounts(mounts: list[dict[str, Any]], path: str, volumes: set[Any]) -> list[FieldError]:
    found, seen = [], set()
    for i, mount in enumerate(mounts):
        if mount.get("name") not in volumes:
            message = f'Not found: "{mount.get("name", "")}"'
            found.append(FieldError(f"{path}[{i}].name", "FieldValueNotFound", message))
        where = mount.get("mountPath")
        if not where:
            found.append(required(f"{path}[{i}].mountPath"))
        elif where in seen:
            found.append(invalid_value(f"{path}[{i}].mountPath", where, "must be unique"))
        seen.add(where)
    return found


def _check_probe(probe: dict[str, Any], path: str) -> list[FieldError]:
    handlers = [name for name in _HANDLERS if probe.get(name) is not None]
    if not handlers:
        return [required(path, "must specify a handler type")]
    if len(handlers) > 1:
        detail = "may not specify more than 1 handler type"
        return [FieldError(f"{path}.{handlers[1]}", "FieldValueForbidden", f"Forbidden: {detail}")]
    return [
        invalid_value(f"{path}.{name}", probe[name], "must be greater than or equal to 0")
        for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold")
        if (probe.get(name) or 0) < 0
    ]


def _check_resources(resources: dict[str, Any], path: str) -> list[FieldError]:
    return [
        invalid_value(
            f"{path}.{part}.{name}", value, "quantities must match the regular expression of a quantity"
        )
        for part in ("limits", "requests")
        for name, value in (resources.get(part) or {}).items()
        if not QUANTITY.fullmatch(str(value))
    ]
