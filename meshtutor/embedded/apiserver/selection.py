"""Which objects a list or a watch is about: namespace, label selector, field selector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.apiserver.statuses import bad_request
from meshtutor.errors import SelectorError
from meshtutor.kube.selectors import FieldSelector, LabelSelector


@dataclass(frozen=True)
class Selection:
    """An object is selected if it is in the namespace (any, if none is named) and both selectors match."""

    labels: LabelSelector
    fields: FieldSelector
    namespace: str = ""

    @classmethod
    def parse(cls, labels: str = "", fields: str = "", namespace: str = "") -> Selection:
        """From kubectl's syntax, or 400."""
        try:
            return cls(LabelSelector.parse(labels), FieldSelector.parse(fields), namespace)
        except SelectorError as error:
            raise bad_request(f"{error.message}. {error.hint}") from error

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object is selected."""
        meta = obj["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        if self.labels.requirements and not self.labels.matches(meta.get("labels") or {}):
            return False
        return not self.fields.terms or self.fields.matches(obj)
