"""The tokens that proxies present to the control plane: one per pod, signed, without expiry.

Loopback addresses are open to every user of the machine, and what SDS hands out are private keys, so a stream must
prove whose it is. The kubelet puts a token into the proxy's bootstrap file (readable by its owner only); Envoy sends
it as `authorization: Bearer TOKEN`. Tokens are HMACs, as a bootstrap outlives a restart of the control plane as long
as the secret does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

_PREFIX = "Bearer "


@dataclass(frozen=True)
class Tokens:
    """Issue and check tokens with one secret; keep the secret in the lab's pki directory to survive restarts."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def issue(self, namespace: str, name: str) -> str:
        """A token for the pod `name` in `namespace`."""
        subject = f"{namespace}/{name}".encode()
        return f"{_encode(subject)}.{_encode(self._sign(subject))}"

    def check(self, header: str) -> tuple[str, str] | None:
        """The (namespace, name) that an `authorization` header proves, or None for anything but a token of ours."""
        if not header.startswith(_PREFIX):
            return None
        try:
            subject, signature = (_decode(part) for part in header.removeprefix(_PREFIX).split("."))
            namespace, name = subject.decode().split("/")
        except (ValueError, binascii.Error):
            return None
        return (namespace, name) if hmac.compare_digest(signature, self._sign(subject)) else None

    def _sign(self, subject: bytes) -> bytes:
        return hmac.digest(self.secret, subject, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
