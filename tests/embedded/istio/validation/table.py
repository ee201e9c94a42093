"""The table of verdicts, as objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from meshtutor.kube import kinds


@dataclass(frozen=True)
class Case:
    """A spec, and the path of its error ("" if it is fine)."""

    name: str
    obj: dict[str, Any]
    path: str
    by_schema: bool

    @property
    def kind(self) -> kinds.Kind:
        found = kinds.kind_of(self.obj)
        assert found
        return found


def cases() -> list[Case]:
    table = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
    return [_case(kind, number, row) for kind, rows in table.items() for number, row in enumerate(rows)]


def _case(kind: str, number: int, row: dict[str, Any]) -> Case:
    api_version = next(k.api_version for k in kinds.ISTIO if k.kind == kind)
    meta = {"name": f"case-{kind.lower()}-{number}", "namespace": "default"}
    obj = {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": row["spec"]}
    name = f"{kind}: {row.get('fine') or row['error'] + ' ' + row['why']}"
    return Case(name, obj, row.get("error", ""), row.get("by") == "schema")
