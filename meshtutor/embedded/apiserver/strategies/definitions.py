"""CustomResourceDefinitions: names, versions, a schema for each; they are established as they are created.

Source: apiextensions-apiserver's pkg/apis/apiextensions/validation/validation.go and v1/defaults.go.
Left out: conversion webhooks (all versions have one schema here, as Istio's do), CEL rules.
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.schema.structure import problems
from meshtutor.embedded.apiserver.statuses import FieldError, invalid_value, required
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.pod_checks import one_of
from meshtutor.embedded.apiserver.values import fill, items_of, section
from meshtutor.embedded.objects import timestamp


class DefinitionStrategy(Strategy):
    """CustomResourceDefinition."""

    def default(self, obj: Object) -> None:
        """Singular and list kind by the kind's name."""
        spec = section(obj, "spec")
        names = section(spec, "names")
        if kind := names.get("kind"):
            fill(names, {"singular": str(kind).lower(), "listKind": f"{kind}List"})
        fill(spec, {"conversion": {"strategy": "None"}})

    def prepare_create(self, obj: Object) -> None:
        """Accepted and served at once."""
        spec = obj["spec"]
        stored = [version.get("name") for version in items_of(spec, "versions") if version.get("storage")]
        conditions = [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
        obj["status"] = {"conditions": conditions, "acceptedNames": spec["names"], "storedVersions": stored}

    def validate(self, obj: Object) -> list[FieldError]:
        """Name, scope, versions."""
        spec, found = obj["spec"], []
        names = spec["names"]
        found += [required(f"spec.names.{part}") for part in ("plural", "kind") if not names.get(part)]
        if not spec.get("group"):
            found.append(required("spec.group"))
        expected = f"{names.get('plural')}.{spec.get('group')}"
        if obj["metadata"]["name"] != expected:
            detail = 'must be spec.names.plural+"."+spec.group'
            found.append(invalid_value("metadata.name", obj["metadata"]["name"], detail))
        found += one_of(spec, "scope", ("Cluster", "Namespaced"), "spec")
        return found + _check_versions(items_of(spec, "versions"))

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        """Group, kind and scope are for life."""
        spec, before = obj["spec"], old["spec"]
        found = [
            invalid_value(f"spec.{part}", spec.get(part), "field is immutable")
            for part in ("group", "scope")
            if spec.get(part) != before.get(part)
        ]
        if spec["names"].get("kind") != before["names"].get("kind"):
            found.append(invalid_value("spec.names.kind", spec["names"].get("kind"), "field is immutable"))
        return found


def _check_versions(versions: list[dict[str, Any]]) -> list[FieldError]:
    found = []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        found.append(invalid_value("spec.versions", [v.get("name") for v in versions], detail))
    for i, version in enumerate(versions):
        schema, path = version.get("schema") or {}, f"spec.versions[{i}].schema.openAPIV3Schema"
        if not schema.get("openAPIV3Schema"):
            found.append(required(path, "schemas are required"))
        elif schema not in [v.get("schema") for v in versions[:i]]:
            found += problems(schema["openAPIV3Schema"], path)
    return found


def _condition(kind: str, reason: str, message: str) -> dict[str, str]:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": timestamp(),
    }
