"""What a caller may say about a write beside the object itself: the query parameters of a write over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

FieldValidation = Literal["Ignore", "Warn", "Strict"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass
class WriteOptions:
    """`manager` "" is a component of the box, whose writes are not tracked in `managedFields`.

    `through` is the subresource by which the object is written, where it is not the registry's (scale).
    `warnings` are filled by the registry, for `Warning` headers. `version` is the API version that was asked for.
    """

    manager: str = ""
    field_validation: FieldValidation = "Warn"
    dry_run: bool = False
    force: bool = False
    version: str = ""
    through: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class DeleteOptions:
    """meta/v1 DeleteOptions; `propagation` None is the default of the kind: Background."""

    grace_seconds: int | None = None
    propagation: Propagation | None = None
    dry_run: bool = False
    uid: str = ""
    resource_version: str = ""

    @classmethod
    def read(cls, body: dict[str, Any]) -> DeleteOptions:
        """From the body of a DELETE."""
        preconditions = body.get("preconditions") or {}
        propagation: Propagation | None = body.get("propagationPolicy")
        if body.get("orphanDependents"):
            propagation = "Orphan"
        return cls(
            grace_seconds=body.get("gracePeriodSeconds"),
            propagation=propagation,
            dry_run=bool(body.get("dryRun")),
            uid=preconditions.get("uid", ""),
            resource_version=preconditions.get("resourceVersion", ""),
        )
