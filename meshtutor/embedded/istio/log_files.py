"""Access logs to files as MeshConfig writes them: `accessLogFile`, and providers of kind `envoyFileAccessLog`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

KIND: Final = "envoyFileAccessLog"
STDOUT: Final = "/dev/stdout"


@dataclass(frozen=True)
class LogFile:
    """Where lines go and how they look: `text` ("": Istio's format), or JSON with `labels` (none: Istio's fields)."""

    path: str
    text: str = ""
    json: bool = False
    labels: tuple[tuple[str, str], ...] = ()


def log_file_of(settings: Mapping[str, Any]) -> LogFile:
    """A provider's `envoyFileAccessLog`."""
    form = settings.get("logFormat") or {}
    labels = form.get("labels") or {}
    return LogFile(
        path=str(settings.get("path") or STDOUT),
        text=str(form.get("text") or ""),
        json="labels" in form,
        labels=tuple(sorted((str(key), str(value)) for key, value in labels.items())),
    )
