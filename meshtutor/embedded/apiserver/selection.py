"""Which objects a list or a watch is about: namespace, label selector, field selector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.apiserver.statuses import bad_request
from meshtutor.errors import SelectorError
from meshtutor.kube import kinds
from meshtutor.kube.kinds import Kind
from meshtutor.kube.selectors import FieldSelector, LabelSelector

_ALWAYS: Final = ("metadata.name", "metadata.namespace")
_ABOUT: Final = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
SELECTABLE: Final = {
    kinds.POD.resource: (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    kinds.EVENT.resource: (
        *(f"involvedObject.{part}" for part in _ABOUT), "reason", "reportingComponent", "source", "type",
    ),
    kinds.SECRET.resource: ("type",),
    kinds.SERVICE.resource: ("spec.clusterIP", "spec.type"),
    kinds.NODE.resource: ("spec.unschedulable",),
    kinds.NAMESPACE.resource: ("status.phase",),
    kinds.REPLICA_SET.resource: ("status.replicas",),
}  # fmt: skip
"""Fields beside name and namespace by which a kind can be selected (pkg/apis/core/v1/conversion.go)."""


@dataclass(frozen=True)
class Selection:
    """An object is selected if it is in the namespace (any, if none is named) and both selectors match."""

    labels: LabelSelector
    fields: FieldSelector
    namespace: str = ""

    @classmethod
    def parse(cls, kind: Kind, labels: str = "", fields: str = "", namespace: str = "") -> Selection:
        """From kubectl's syntax; 400 if it cannot be read, or asks for a field that this kind is not selected by."""
        try:
            made = cls(LabelSelector.parse(labels), FieldSelector.parse(fields), namespace)
        except SelectorError as error:
            raise bad_request(f"{error.message}. {error.hint}") from error
        known = (*_ALWAYS, *SELECTABLE.get(kind.resource, ()))
        if wrong := next((path for path in made.fields.paths if path not in known), None):
            listed = ", ".join(f'"{path}"' for path in known)
            raise bad_request(f'"{wrong}" is not a known field selector: only {listed}')
        return made

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object is selected."""
        meta = obj["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        if self.labels.requirements and not self.labels.matches(meta.get("labels") or {}):
            return False
        return not self.fields.terms or self.fields.matches(obj)
