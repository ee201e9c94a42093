"""Refusals as Kubernetes words them: a Status object (meta.k8s.io/v1) inside an ApiStatusError.

Wording and reasons follow apimachinery's pkg/api/errors/errors.go and pkg/util/validation/field/errors.go, so that
`kubectl` and client-go recognise them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from meshtutor.errors import ApiStatusError, ConflictError, InvalidError, NotFoundError
from meshtutor.kube.kinds import Kind


@dataclass(frozen=True)
class FieldError:
    """One wrong field; `reason` is a CauseType, such as FieldValueInvalid."""

    path: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"

    def cause(self) -> dict[str, Any]:
        """As `status.details.causes` has it."""
        return {"reason": self.reason, "message": self.message, "field": self.path}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def required(path: str, detail: str = "") -> FieldError:
    """A field that must be there."""
    return FieldError(path, "FieldValueRequired", f"Required value{': ' if detail else ''}{detail}")


def invalid_value(path: str, value: Any, detail: str) -> FieldError:
    """A value that is not acceptable."""
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {_json(value)}: {detail}")


def wrong_type(path: str, value: Any, detail: str) -> FieldError:
    """A value of another JSON type, or of another form, than the schema says."""
    return FieldError(path, "FieldValueTypeInvalid", f"Invalid value: {_json(value)}: {detail}")


def not_supported(path: str, value: Any, values: Iterable[str]) -> FieldError:
    """A value outside an enumeration."""
    supported = ", ".join(f'"{v}"' for v in values)
    text = f"Unsupported value: {_json(value)}: supported values: {supported}"
    return FieldError(path, "FieldValueNotSupported", text)


def duplicate(path: str, value: Any) -> FieldError:
    """A second element with the same key in a list that is a map."""
    return FieldError(path, "FieldValueDuplicate", f"Duplicate value: {_json(value)}")


def forbidden_field(path: str, detail: str) -> FieldError:
    """A field that may not be set or changed."""
    return FieldError(path, "FieldValueForbidden", f"Forbidden: {detail}")


def failure(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    """A Status object."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    if details:
        status["details"] = {key: value for key, value in details.items() if value}
    return status


def refusal(code: int, reason: str, message: str, **details: Any) -> ApiStatusError:
    """Any other refusal: BadRequest, MethodNotAllowed, Expired, ..."""
    return ApiStatusError(failure(code, reason, message, **details))


def bad_request(message: str) -> ApiStatusError:
    """400: the request cannot be read."""
    return refusal(400, "BadRequest", message)


def forbidden(kind: Kind, name: str, why: str) -> ApiStatusError:
    """403: understood, and not done."""
    message = f'{kind.resource} "{name}" is forbidden: {why}'
    return refusal(403, "Forbidden", message, name=name, group=kind.group, kind=kind.plural)


def not_found(kind: Kind, name: str) -> NotFoundError:
    """404: no such object."""
    message = f'{kind.resource} "{name}" not found'
    return NotFoundError(failure(404, "NotFound", message, name=name, group=kind.group, kind=kind.plural))


def no_such_resource() -> NotFoundError:
    """404: no such kind is served."""
    return NotFoundError(failure(404, "NotFound", "the server could not find the requested resource"))


def already_exists(kind: Kind, name: str) -> ConflictError:
    """409: create of an object that is there."""
    message = f'{kind.resource} "{name}" already exists'
    return ConflictError(
        failure(409, "AlreadyExists", message, name=name, group=kind.group, kind=kind.plural)
    )


def conflict(kind: Kind, name: str, why: str = "") -> ConflictError:
    """409: the object was changed since it was read (or another precondition failed, `why`)."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return ConflictError(failure(409, "Conflict", message, name=name, group=kind.group, kind=kind.plural))


def invalid(kind: Kind, name: str, errors: list[FieldError]) -> InvalidError:
    """422: some fields are wrong; each is a cause with its path."""
    texts = [str(error) for error in errors]
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    message = f'{qualified} "{name}" is invalid: {told}'
    causes = [error.cause() for error in errors]
    return InvalidError(
        failure(422, "Invalid", message, name=name, group=kind.group, kind=kind.kind, causes=causes)
    )


def expired(message: str) -> ApiStatusError:
    """410: a resourceVersion older than the log of changes reaches back; the client has to list again."""
    return refusal(410, "Expired", message)
