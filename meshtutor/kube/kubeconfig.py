"""A kubeconfig file -> an HTTPS session with its API server.

Importing the official client takes a third of a second, which `connect()` should not pay; so the plain case
(a bearer token and a CA, as the embedded lab and service accounts have them) is read here. Everything else
that kubeconfig files may hold (client certificates, exec plugins, OIDC refresh) is left to the official
client's own loader. Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import ALPN_PROTOCOLS

from meshtutor.errors import LabError

_POOL = 16


@dataclass(frozen=True)
class Endpoint:
    """An API server: `server` without a trailing slash; `session` trusts its CA and carries who we are."""

    server: str
    session: requests.Session
    namespace: str = "default"


def load(path: Path, context: str = "") -> Endpoint:
    """The API server of a context (default: the current one); LabError if the file or context is missing."""
    try:
        config = yaml.safe_load(path.read_text())
    except OSError as error:
        raise LabError(
            f"No kubeconfig at {path}.", "meshtutor up; meshtutor kubeconfig prints where it is"
        ) from error
    chosen = _named(config, "contexts", "context", context or config.get("current-context", ""))
    cluster = _named(config, "clusters", "cluster", chosen["cluster"])
    user = _named(config, "users", "user", chosen["user"])
    namespace = str(chosen.get("namespace", "default"))
    if set(user) <= {"token"} and set(cluster) <= {"server", "certificate-authority-data"}:
        return Endpoint(cluster["server"].rstrip("/"), _plain_session(cluster, user), namespace)
    return _official(path, context, namespace)


def _named(config: dict[str, Any], section: str, entry: str, name: str) -> dict[str, Any]:
    entries = {item["name"]: item[entry] for item in config.get(section) or ()}
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise LabError(
            f"The kubeconfig has no {entry} {name!r}; it has: {known}.", "kubectl config get-contexts"
        )
    found: dict[str, Any] = entries[name]
    return found


class _Shared(ssl.SSLContext):
    """For threads that connect at the same time: what they share is changed once, before the first of them.

    urllib3 sets ALPN's protocols for each connection anew. OpenSSL frees the old list then, of which another thread may
    be making its ClientHello (Python lets others run meanwhile): now and then a server got one that it could not read.
    """

    _protocols: tuple[str, ...] = ()

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """As that of `ssl`; setting the same ones again changes nothing."""
        protocols = tuple(alpn_protocols)
        if protocols != self._protocols:
            super().set_alpn_protocols(list(protocols))
            self._protocols = protocols


class _WithContext(HTTPAdapter):
    """Verifies the server with a CA given as text; `Session.verify` would need a file on disk."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=_POOL, pool_maxsize=_POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the connection as the context made it; the default would load certifi's CAs on top."""


def _plain_session(cluster: dict[str, Any], user: dict[str, Any]) -> requests.Session:
    session = _session()
    if authority := cluster.get("certificate-authority-data"):
        context = _Shared(ssl.PROTOCOL_TLS_CLIENT)  # which checks certificates and names
        context.load_verify_locations(cadata=base64.b64decode(authority).decode())
        context.set_alpn_protocols(ALPN_PROTOCOLS)
        session.mount("https://", _WithContext(context))
    session.headers["Authorization"] = f"Bearer {user.get('token', '')}"
    return session


def _official(path: Path, context: str, namespace: str) -> Endpoint:
    from kubernetes.config import new_client_from_config

    configuration = new_client_from_config(str(path), context or None).configuration
    session = _session()
    session.mount("https://", HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL))
    session.verify = (configuration.ssl_ca_cert or True) if configuration.verify_ssl else False
    if configuration.cert_file:
        session.cert = (configuration.cert_file, configuration.key_file)
    session.auth = _Refreshed(lambda: configuration.auth_settings().get("BearerToken", {}).get("value"))
    return Endpoint(configuration.host.rstrip("/"), session, namespace)


class _Refreshed(requests.auth.AuthBase):
    """Asks for the token before each request, because exec plugins and OIDC renew theirs."""

    def __init__(self, token: Callable[[], str | None]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token := self._token():
            request.headers["Authorization"] = token
        return request


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a company's http_proxy must not swallow requests to the loopback interface
    return session
