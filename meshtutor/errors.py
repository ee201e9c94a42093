"""Every error that meshtutor raises on purpose.

MeshtutorError                 a sentence, and the next step as `hint`
├── ManifestError              YAML that cannot be read; names file, document and line
├── SelectorError              a label or field selector that cannot be read
├── ApiStatusError             the Kubernetes API refused; carries the Status body
│   ├── NotFoundError          404
│   ├── ConflictError          409: a newer version of the object exists, or it exists already
│   └── InvalidError           422: a field is wrong; names its path
├── LabError                   a lab cannot start, or has died
├── NotReadyError              something did not become ready before a deadline
└── QueryError                 Prometheus or Jaeger refused a query

Interrupted is none of them: Ctrl-C, with a sentence.
"""

from __future__ import annotations

from typing import Any


class _Told(BaseException):
    """What went wrong in one sentence, and in `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message


class MeshtutorError(_Told, Exception):
    """What went wrong in one sentence, and in `hint` what to do next."""


class Interrupted(_Told, KeyboardInterrupt):
    """Ctrl-C in the midst of something that goes on elsewhere: what it was, and in `hint` how to go on.

    No MeshtutorError, so that no `except Exception` catches it.
    """


class ManifestError(MeshtutorError):
    """YAML that cannot be read as Kubernetes objects."""


class SelectorError(MeshtutorError):
    """A label or field selector that cannot be read."""


class ApiStatusError(MeshtutorError):
    """A refusal by the Kubernetes API; `status` is the Status object (meta.k8s.io/v1)."""

    def __init__(self, status: dict[str, Any], hint: str = "") -> None:
        super().__init__(str(status.get("message", "the Kubernetes API refused")), hint)
        self.status = status
        self.code = int(status.get("code", 500))
        self.reason = str(status.get("reason", ""))


class NotFoundError(ApiStatusError):
    """404: no such object, kind or namespace."""


class ConflictError(ApiStatusError):
    """409: the object exists already, or was changed since it was read."""


class InvalidError(ApiStatusError):
    """422: at least one field is wrong; `status.details.causes` names each path."""


class LabError(MeshtutorError):
    """A lab cannot start, cannot be reached, or has died."""


class NotReadyError(MeshtutorError):
    """Something did not become ready before its deadline."""


class QueryError(MeshtutorError):
    """Prometheus or Jaeger refused a query."""
