"""The learner's rules for a service: found before a widget writes its own, put back when it is told to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshtutor.kube.kinds import DESTINATION_RULE, POD, SERVICE, VIRTUAL_SERVICE
from meshtutor.mesh import Mesh
from meshtutor.widgets.split_rules import Rules, rules_for

Object = dict[str, Any]


def find_rules(mesh: Mesh, service: str) -> Rules:
    """The rules for a service with the versions that its pods have; NotFoundError if there is no such Service."""
    found = mesh.api.get(SERVICE, service, mesh.namespace)
    selector = ",".join(f"{key}={value}" for key, value in (found["spec"].get("selector") or {}).items())
    pods = mesh.api.list(POD, mesh.namespace, labels=selector) if selector else []
    versions = {pod["metadata"].get("labels", {}).get("version", "") for pod in pods} - {""}
    return rules_for(
        service,
        mesh.namespace,
        versions,
        mesh.api.list(DESTINATION_RULE, mesh.namespace),
        mesh.api.list(VIRTUAL_SERVICE, mesh.namespace),
    )


def restore(mesh: Mesh, written: Iterable[Object], own: Iterable[Object]) -> None:
    """Delete what was written and not there before, and apply what was."""
    before = list(own)
    names = {(obj["kind"], obj["metadata"]["name"]) for obj in before}
    made = [obj for obj in written if (obj["kind"], obj["metadata"]["name"]) not in names]
    if made:
        mesh.delete(made)
    if before:
        mesh.apply(before)
