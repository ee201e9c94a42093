"""Reading Kubernetes and Istio objects: plain dicts as the API holds them, absent fields included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from google.protobuf import duration_pb2, wrappers_pb2

from meshtutor.errors import MeshtutorError

Object = Mapping[str, Any]
Key = tuple[str, str]
"""(namespace, name)"""

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def key_of(obj: Object) -> Key:
    """(namespace, name); the namespace is "" for cluster-wide kinds."""
    meta = obj["metadata"]
    return str(meta.get("namespace", "")), str(meta["name"])


def labels_of(obj: Object) -> dict[str, str]:
    """Labels, empty when absent."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    """Annotations, empty when absent."""
    return obj["metadata"].get("annotations") or {}


def spec_of(obj: Object) -> dict[str, Any]:
    """The spec, empty when absent."""
    return obj.get("spec") or {}


def seniority(obj: Object) -> tuple[str, str]:
    """Sort key: older objects first, then by `NAME.NAMESPACE` (pilot/pkg/model/config.go, sortConfigByCreationTime)."""
    namespace, name = key_of(obj)
    return str(obj["metadata"].get("creationTimestamp", "")), f"{name}.{namespace}"


def matches_labels(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether every pair of the selector is there; an empty selector matches everything."""
    return all(labels.get(key) == value for key, value in selector.items())


def seconds(text: str) -> float:
    """A duration as Istio takes it ("1.5s", "100ms", "1h2m"), in seconds."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise MeshtutorError(f"{text!r} is not a duration.", 'Write it as "5s", "100ms" or "1m30s".')
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def duration(value: str | float) -> duration_pb2.Duration:
    """A protobuf duration from Istio's text or from seconds."""
    result = duration_pb2.Duration()
    result.FromTimedelta(timedelta(seconds=seconds(value) if isinstance(value, str) else value))
    return result


def uint32(value: int) -> wrappers_pb2.UInt32Value:
    """A wrapped number, as most of Envoy's optional fields are."""
    return wrappers_pb2.UInt32Value(value=value)


def boolean(value: bool) -> wrappers_pb2.BoolValue:
    """A wrapped bool: absent and false differ in Envoy's API."""
    return wrappers_pb2.BoolValue(value=value)
