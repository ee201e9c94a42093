"""Tokens of service accounts: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256 by a key that lives with the server.

What `serviceaccounts/NAME/token` issues, the server itself accepts as a bearer and `tokenreviews` explains: istiod
checks its proxies that way. Left out: RS256 with published keys (nothing in the box verifies tokens by itself).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.embedded.api import Object

ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True)
class User:
    """Who speaks to the API (authentication.k8s.io/v1 UserInfo)."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, list[str]] = field(default_factory=dict)
    audiences: tuple[str, ...] = ()

    def info(self) -> dict[str, Any]:
        """As reviews have it."""
        said = {
            "username": self.name,
            "uid": self.uid,
            "groups": list(self.groups),
            "extra": self.extra,
        }
        return {key: value for key, value in said.items() if value}


class ServiceAccountTokens:
    """Issues and checks. `alive(namespace, name, uid)` says whether the account still is the one that was meant."""

    def __init__(self, alive: Callable[[str, str, str], bool]) -> None:
        self._key = secrets.token_bytes(32)
        self._alive = alive

    def issue(
        self, account: Object, audiences: list[str], seconds: int, bound: dict[str, Any] | None = None
    ) -> str:
        """A token for a ServiceAccount, bound to a pod where `bound` is its object reference."""
        meta, now = account["metadata"], int(time.time())
        about: dict[str, Any] = {
            "namespace": meta["namespace"],
            "serviceaccount": {"name": meta["name"], "uid": meta["uid"]},
        }
        if bound and bound.get("kind") == "Pod":
            about["pod"] = {"name": bound.get("name", ""), "uid": bound.get("uid", "")}
        claims = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
            "aud": audiences or [ISSUER],
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "kubernetes.io": about,
        }
        signed = f"{_encode(_HEADER)}.{_encode(claims)}"
        return f"{signed}.{_base64(self._sign(signed))}"

    def check(self, token: str) -> User | None:
        """Whose token it is; None if it is not one of ours, has expired, or its account is gone."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(_base64(self._sign(signed)).encode(), signature.encode()):
            return None
        claims = json.loads(_unbase64(signed.partition(".")[2]))
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        if claims["exp"] < time.time() or not self._alive(namespace, account["name"], account["uid"]):
            return None
        pod = about.get("pod")
        return User(
            name=claims["sub"],
            uid=account["uid"],
            groups=("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"),
            extra=_pod_extra(pod) if pod else {},
            audiences=tuple(claims["aud"]),
        )

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


def _pod_extra(pod: dict[str, str]) -> dict[str, list[str]]:
    prefix = "authentication.kubernetes.io"
    return {f"{prefix}/pod-name": [pod["name"]], f"{prefix}/pod-uid": [pod["uid"]]}


def _encode(value: Any) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
