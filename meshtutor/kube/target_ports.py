"""The port of a pod behind a Service's port.

Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports: `targetPort` is a number or
the name of a container's port; without it the number is the Service's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def target_port(port: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> int | None:
    """The number; a name is looked up in the Service's pods, and is None where none of them has it."""
    wanted = port.get("targetPort") or port["port"]
    if isinstance(wanted, int) or str(wanted).isdigit():
        return int(wanted)
    named = (p for pod in pods for c in pod["spec"]["containers"] for p in c.get("ports") or ())
    return next((int(p["containerPort"]) for p in named if p.get("name") == wanted), None)
