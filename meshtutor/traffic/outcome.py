"""One request as it is sent, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.traffic.flags import flag_of

_TEXT_KEPT: Final = 300


@dataclass(frozen=True)
class Request:
    """What is sent. `timeout` in seconds; a `body` that is not text is sent as JSON."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    timeout: float = 10.0

    def payload(self) -> bytes | None:
        """The body as bytes."""
        if self.body is None:
            return None
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request; `status` 0 means that no answer came, and `error` says why.

    `milliseconds` is from the first byte sent to the last received; `at` is when it was sent (seconds since
    the epoch). `calls` are the (service, version) pairs that the application called to answer, nested ones
    included.
    """

    status: int
    milliseconds: float
    at: float = 0.0
    service: str = ""
    version: str = ""
    pod: str = ""
    error: str = ""
    flag: str = ""
    calls: tuple[tuple[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether an answer below 400 came."""
        return 0 < self.status < 400

    def version_of(self, service: str = "") -> str:
        """The version that answered, or that answered for a service further down; empty if none did."""
        if not service or service == self.service:
            return self.version
        return next((version for name, version in self.calls if name == service), "")


def read(status: int, headers: Mapping[str, str], body: bytes, milliseconds: float, at: float) -> Outcome:
    """An answer as an Outcome; `headers` (lower-case names) say who answered in `x-app-*`."""
    text = body.decode("utf-8", "replace") if status >= 400 else ""
    flag = flag_of(status, headers, text)
    return Outcome(
        status=status,
        milliseconds=milliseconds,
        at=at,
        service=headers.get("x-app-service", ""),
        version=headers.get("x-app-version", ""),
        pod=headers.get("x-app-pod", ""),
        error=" ".join(text.split())[:_TEXT_KEPT],
        flag=flag,
        calls=tuple(_calls(headers.get("x-app-calls", ""))),
    )


def _calls(header: str) -> Iterator[tuple[str, str]]:
    """`reviews=v2,ratings=v1`: what the application called to answer, nested calls included."""
    for part in header.split(","):
        service, found, version = part.strip().partition("=")
        if found:
            yield service, version
