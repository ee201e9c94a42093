"""Certificates from Secrets: what a `credentialName` names, read, checked, and packed for the proxies that ask.

Source: Istio's pilot/pkg/credentials/kube/secrets.go (which keys), pilot/pkg/xds/sds.go (who gets what). As there, a
proxy is given Secrets of its own namespace only, over the stream that brings its configuration, so that a new
certificate arrives without a new listener. A Secret that Envoy would refuse is not sent: the proxy keeps what it has.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2

from meshtutor.embedded.istio.reading import Key, Object, key_of
from meshtutor.embedded.xds.resource import Resource, Resources, pack

CA_SUFFIX: Final = "-cacert"
_PREFIX: Final = "kubernetes://"
_PAIRS: Final = (("cert", "key"), ("tls.crt", "tls.key"))
_ROOTS: Final = ("cacert", "ca.crt")
_SMALLEST_RSA: Final = 2048
"""Bits. Envoy takes no smaller RSA key, and no other curve than P-256, P-384 and P-521."""
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True, eq=False, slots=True)
class Credential:
    """A Secret as far as TLS is concerned, as PEM; `pair_problem` and `root_problem` say why it cannot be used."""

    namespace: str
    name: str
    chain: bytes = b""
    key: bytes = b""
    root: bytes = b""
    pair_problem: str = ""
    root_problem: str = ""


def credential(secret: Object) -> Credential:
    """Read a Secret: `cert` and `key`, or `tls.crt` and `tls.key`; and `cacert` or `ca.crt`."""
    namespace, name = key_of(secret)
    data = _decoded(secret.get("data") or {})
    chain, key = next(((data[c], data[k]) for c, k in _PAIRS if data.get(c) and data.get(k)), (b"", b""))
    root = next((data[field] for field in _ROOTS if data.get(field)), b"")
    return Credential(
        namespace, name, chain, key, root,
        pair_problem=_pair_problem(chain, key) if chain else _without(data, "cert and key, or tls.crt and tls.key"),
        root_problem=_root_problem(root) if root else _without(data, "cacert or ca.crt"),
    )  # fmt: skip


def resource_name(credential_name: str) -> str:
    """How a proxy asks for a `credentialName`: `kubernetes://NAME` (pilot/pkg/model/credentials)."""
    return credential_name if "://" in credential_name else f"{_PREFIX}{credential_name}"


def root_name(credential_name: str) -> str:
    """How a proxy asks for the CA certificates that belong to a `credentialName`."""
    return f"{resource_name(credential_name)}{CA_SUFFIX}"


def find(name: str, namespace: str, there: Mapping[Key, Credential]) -> Credential | None:
    """The Secret behind a resource's name for a proxy in a namespace; CA certificates may be in the pair's Secret."""
    owner, _, short = name.removeprefix(_PREFIX).rpartition("/")
    if owner not in ("", namespace):
        return None
    whole = there.get((namespace, short.removesuffix(CA_SUFFIX))) if short.endswith(CA_SUFFIX) else None
    return there.get((namespace, short)) or whole


def problem(name: str, found: Credential | None) -> str:
    """Why a proxy does not get what it asks for by this name, or ""."""
    if found is None:
        return "there is no such Secret"
    return found.root_problem if name.endswith(CA_SUFFIX) else found.pair_problem


def resources(names: Iterable[str], namespace: str, there: Mapping[Key, Credential]) -> Resources:
    """SDS: the secrets of these names, as far as they exist and are sound."""
    found = {name: find(name, namespace, there) for name in names}
    return {name: _pack(name, held) for name, held in found.items() if held and not problem(name, held)}


def notices(held: Credential, now: datetime | None = None) -> list[str]:
    """What is worth a warning although it can be used: certificates whose time is over, or has not begun."""
    now, found = now or datetime.now(UTC), []
    for data, wrong in ((held.chain, held.pair_problem), (held.root, held.root_problem)):
        for certificate in x509.load_pem_x509_certificates(data) if data and not wrong else ():
            if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                subject = certificate.subject.rfc4514_string() or "a certificate"
                found.append(
                    f"{subject} holds from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} "
                    f"to {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC only"
                )
    return found


def _pack(name: str, held: Credential) -> Resource:
    if name.endswith(CA_SUFFIX):
        trusted = common_pb2.CertificateValidationContext(trusted_ca=_inline(held.root))
        return pack(secret_pb2.Secret(name=name, validation_context=trusted))
    pair = common_pb2.TlsCertificate(certificate_chain=_inline(held.chain), private_key=_inline(held.key))
    return pack(secret_pb2.Secret(name=name, tls_certificate=pair))


def _inline(data: bytes) -> Any:
    return base_pb2.DataSource(inline_bytes=data)


def _decoded(data: Mapping[str, str]) -> dict[str, bytes]:
    found = {}
    for key in (*_ROOTS, *(key for pair in _PAIRS for key in pair)):
        try:
            found[key] = base64.b64decode(data.get(key) or "")
        except (binascii.Error, ValueError):
            found[key] = b""
    return {key: value for key, value in found.items() if value or key in data}


def _without(data: Mapping[str, bytes], wanted: str) -> str:
    empty = [key for key, value in data.items() if not value]
    return f"it has no {wanted}" + (f" ({', '.join(empty)}: empty)" if empty else "")


def _pair_problem(chain: bytes, key: bytes) -> str:
    certificates, wrong = _parsed(lambda: x509.load_pem_x509_certificates(chain))
    if wrong:
        return f"its certificate is not PEM that can be read ({wrong})"
    private, wrong = _parsed(lambda: load_pem_private_key(key, password=None))
    if wrong:
        return f"its private key is not PEM that can be read ({wrong})"
    public = private.public_key()
    if public != certificates[0].public_key():
        return "its private key belongs to another certificate"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _SMALLEST_RSA:
        return f"its RSA key has {public.key_size} bits, Envoy asks for {_SMALLEST_RSA}"
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name not in _CURVES:
        return f"its key is on curve {public.curve.name}, Envoy knows {', '.join(_CURVES)}"
    return ""


def _root_problem(root: bytes) -> str:
    _, wrong = _parsed(lambda: x509.load_pem_x509_certificates(root))
    return f"its CA certificate is not PEM that can be read ({wrong})" if wrong else ""


def _parsed(read: Callable[[], Any]) -> tuple[Any, str]:
    """(what was read, "") or (None, what is wrong); the library raises ValueError and TypeError for broken input."""
    try:
        return read(), ""
    except (ValueError, TypeError) as error:
        return None, (str(error).splitlines() or ["unreadable"])[0].rstrip(".")[:100]
