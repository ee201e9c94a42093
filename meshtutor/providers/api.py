"""The few Kubernetes calls a provider makes itself, by plain HTTPS.

The official client takes a third of a second to import; `connect()` and `meshtutor status` should not. Lessons use
the official client (`mesh.kube`). `Http` is what the command asks of any provider; `KubeHttp` answers it for
kubeconfigs with a bearer token, `ClientHttp` for all others (client certificates, exec plugins), by `KubeClient`.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import requests
import yaml

from meshtutor.errors import ApiStatusError, LabError
from meshtutor.kube.client import KubeClient


class Http(Protocol):
    """Reading from an API server."""

    def get(self, path: str, params: dict[str, str] | None = None, timeout: float = 10.0) -> Any:
        """The JSON at a path; a Status of the API server becomes an ApiStatusError."""
        ...

    def stream(self, path: str, params: dict[str, str]) -> Iterator[bytes]:
        """The body in pieces as they come, for logs."""
        ...


class ClientHttp:
    """`Http` by the small client that lessons use, which can do all kinds of authentication."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    def get(self, path: str, params: dict[str, str] | None = None, timeout: float = 10.0) -> Any:
        """See `Http.get`."""
        return self._client.request("GET", path, params=params, timeout=timeout).json()

    def stream(self, path: str, params: dict[str, str]) -> Iterator[bytes]:
        """See `Http.stream`."""
        return self._client.stream(path, params)


class KubeHttp:
    """A session with one API server: base URL, CA and bearer token as in a kubeconfig."""

    def __init__(self, server: str, ca: bytes, token: str) -> None:
        self.server = server.rstrip("/")
        self._ca = tempfile.NamedTemporaryFile(suffix=".crt")  # noqa: SIM115 - lives as long as the session
        self._ca.write(ca)
        self._ca.flush()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self._ca.name
        self.session.headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def from_kubeconfig(cls, path: Path, context: str) -> KubeHttp:
        """A session for a context that authenticates by a bearer token."""
        config = yaml.safe_load(path.read_text())
        chosen = _named(config["contexts"], context)["context"]
        cluster = _named(config["clusters"], chosen["cluster"])["cluster"]
        user = _named(config["users"], chosen["user"])["user"]
        ca = base64.b64decode(cluster["certificate-authority-data"])
        return cls(cluster["server"], ca, user["token"])

    def get(self, path: str, params: dict[str, str] | None = None, timeout: float = 10.0) -> Any:
        """The JSON at a path; a Status of the API server becomes an ApiStatusError."""
        try:
            answer = self.session.get(self.server + path, params=params, timeout=timeout)
        except requests.ConnectionError as error:
            raise LabError(f"The Kubernetes API at {self.server} does not answer.", "meshtutor up") from error
        body = answer.json() if "json" in answer.headers.get("Content-Type", "") else {"message": answer.text}
        if answer.status_code >= 400:
            raise ApiStatusError({"code": answer.status_code, **body})
        return body

    def stream(self, path: str, params: dict[str, str]) -> Iterator[bytes]:
        """The body in pieces as they come, for logs."""
        answer = self.session.get(self.server + path, params=params, stream=True, timeout=(10, None))
        if answer.status_code >= 400:
            raise ApiStatusError({"code": answer.status_code, **answer.json()})
        yield from answer.iter_content(None)


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)
