"""Which side of a request an entry of Telemetry is about: `match.mode`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

Mode = Literal["CLIENT", "SERVER"]
"""A sidecar's outbound listener and a gateway are clients, a sidecar's inbound listeners are servers."""
BOTH: Final = "CLIENT_AND_SERVER"


def concerns(entry: Mapping[str, Any], mode: Mode) -> bool:
    """Whether an entry holds for one side; without `match.mode`, for both."""
    return str((entry.get("match") or {}).get("mode") or BOTH) in (BOTH, mode)


def provider_names(entry: Mapping[str, Any]) -> list[str]:
    """The providers that an entry names, in their order."""
    return [str(provider.get("name", "")) for provider in entry.get("providers") or ()]
