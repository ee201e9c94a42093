"""Who is asking: a bearer token, the lab's own or a service account's; without one, 401.

Only `/livez`, `/readyz`, `/healthz` and `/version` answer strangers, as kube-apiserver's do.
Left out: client certificates, and RBAC: whoever has a valid token may do everything.
"""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import web

from meshtutor.embedded.apiserver.statuses import refusal
from meshtutor.embedded.apiserver.tokens import ServiceAccountTokens, User

_OPEN: Final = ("/livez", "/readyz", "/healthz", "/version")
ADMIN: Final = User("meshtutor-admin", groups=("system:masters", "system:authenticated"))
_ANONYMOUS: Final = User("system:anonymous", groups=("system:unauthenticated",))


class Authenticator:
    """Knows the lab's token and the service accounts' tokens."""

    def __init__(self, token: str, accounts: ServiceAccountTokens) -> None:
        self._token = token.encode()
        self._accounts = accounts

    def user(self, request: web.Request) -> User:
        """Who asks, or 401. The lab's token is compared in constant time."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and (found := self.of(token.strip())):
            return found
        if request.path in _OPEN:
            return _ANONYMOUS
        raise refusal(401, "Unauthorized", "Unauthorized")

    def of(self, token: str) -> User | None:
        """Whose token it is."""
        if hmac.compare_digest(token.encode(), self._token):
            return ADMIN
        return self._accounts.check(token) if token.count(".") == 2 else None
