"""Which side of a request an entry of Telemetry is about: `match.mode`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshtutor.kube.telemetries import BOTH, Mode, provider_names

__all__ = ["Mode", "concerns", "provider_names"]


def concerns(entry: Mapping[str, Any], mode: Mode) -> bool:
    """Whether an entry holds for one side; without `match.mode`, for both."""
    return str((entry.get("match") or {}).get("mode") or BOTH) in (BOTH, mode)
