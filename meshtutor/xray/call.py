"""The request that is walked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Call:
    """A request as a client sends it.

    `host` is the name it calls, without the port. `path` may have a query. Header names are compared in lower case.
    `listener` names the listener to begin at; without it the walk finds the one that would take the request.
    """

    host: str
    port: int = 80
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    listener: str = ""

    @classmethod
    def to(cls, url: str, **rest: object) -> Call:
        """A call to a URL: `Call.to("http://reviews:9080/reviews/0", method="POST")`."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.hostname or "", port, path, scheme=parts.scheme, **rest)  # type: ignore[arg-type]

    @property
    def tunnel(self) -> Call:
        """What a client asks of an HTTP proxy for a call by https: a tunnel to host and port."""
        return replace(self, method="CONNECT", path="", headers={})

    @property
    def authority(self) -> str:
        """The Host header: clients leave out the scheme's own port, but where they ask for a tunnel (CONNECT)."""
        if self.method == "CONNECT":
            return f"{self.host}:{self.port}"
        given = {name.lower(): value for name, value in self.headers.items()}.get("host")
        if given:
            return given
        usual = 443 if self.scheme == "https" else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"

    @property
    def path_only(self) -> str:
        """The path without the query: what routes match."""
        return self.path.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the first of a name counts, as in Envoy."""
        found: dict[str, str] = {}
        for name, value in parse_qsl(self.path.partition("?")[2], keep_blank_values=True):
            found.setdefault(name, value)
        return found

    def header(self, name: str) -> str | None:
        """A header's value or a pseudo header's, None when absent."""
        pseudo = {
            ":method": self.method,
            ":path": self.path,
            ":authority": self.authority,
            ":scheme": self.scheme,
        }
        if name in pseudo:
            return pseudo[name]
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)
