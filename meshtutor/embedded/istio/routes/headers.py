"""Header operations: `set` before `add`, each sorted by name; Host is no header here but a rewrite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from envoy.config.core.v3 import base_pb2

_Option = base_pb2.HeaderValueOption


def apply(target: Any, headers: Mapping[str, Any]) -> str:
    """Append operations to a route or a weighted cluster; returns the authority that they set, or ""."""
    request, response = headers.get("request") or {}, headers.get("response") or {}
    target.request_headers_to_add.extend(_additions(request))
    target.request_headers_to_remove.extend(_removals(request))
    target.response_headers_to_add.extend(_additions(response))
    target.response_headers_to_remove.extend(_removals(response))
    return _authority(request.get("set") or {}) or _authority(request.get("add") or {})


def _additions(operations: Mapping[str, Any]) -> list[Any]:
    found = []
    for field, action in (
        ("set", _Option.OVERWRITE_IF_EXISTS_OR_ADD),
        ("add", _Option.APPEND_IF_EXISTS_OR_ADD),
    ):
        for name, value in sorted((operations.get(field) or {}).items()):
            if not _is_internal(name):
                header = base_pb2.HeaderValue(key=name, value=value)
                found.append(_Option(header=header, append_action=action))
    return found


def _removals(operations: Mapping[str, Any]) -> list[str]:
    return [name for name in operations.get("remove") or () if not _is_internal(name)]


def _authority(values: Mapping[str, str]) -> str:
    return next((value for name, value in values.items() if name.lower() in ("host", ":authority")), "")


def _is_internal(name: str) -> bool:
    """What Envoy does not let a route change."""
    return name.startswith(":") or name.lower() == "host"
