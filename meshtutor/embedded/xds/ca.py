"""The mesh's certificate authority: a root kept in the lab's directory, and leaf certificates for workloads.

Istio's part: istiod's CA and the agent's key generation in one, as keys and proxies are on one machine. A leaf has
the SPIFFE URI `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICEACCOUNT` as its only name
(github.com/spiffe/spiffe, standards/SPIFFE-ID.md; X509-SVID.md asks for an empty subject and a critical SAN).
ECDSA P-256: a key takes 30 µs, where RSA-2048 takes 100 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from meshtutor.embedded.keys import key_usage, private_pem
from meshtutor.files import write_private

_ROOT_DAYS = 3650
_CLOCK_SKEW = timedelta(minutes=2)
LEAF_LIFETIME = timedelta(hours=24)
"""Istio's default (security/pkg/nodeagent: SECRET_TTL 24h)."""


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """The identity of a workload."""
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"


@dataclass(frozen=True)
class Certificate:
    """A leaf as PEM: `chain` (the leaf first) and `key`; `expires` is an aware datetime."""

    chain: bytes
    key: bytes
    expires: datetime


class CertificateAuthority:
    """Signs workloads' certificates with a root that is made once per directory and kept there (0600)."""

    def __init__(self, directory: Path, trust_domain: str = "cluster.local") -> None:
        self.trust_domain = trust_domain
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_path, root_path = directory / "ca-key.pem", directory / "root-cert.pem"
        if not (key_path.exists() and root_path.exists()):
            _write_root(key_path, root_path, trust_domain)
        self._key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        self.root = root_path.read_bytes()
        self._root = x509.load_pem_x509_certificate(self.root)

    def issue(self, namespace: str, service_account: str, lifetime: timedelta = LEAF_LIFETIME) -> Certificate:
        """A new key and certificate for a service account."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        identity = x509.UniformResourceIdentifier(spiffe_id(self.trust_domain, namespace, service_account))
        builder = _certificate(x509.Name([]), self._root.subject, key.public_key(), now, lifetime)
        builder = builder.add_extension(x509.SubjectAlternativeName([identity]), critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(key_usage(signs_certificates=False), critical=True)
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        signed = builder.add_extension(both, critical=False).sign(self._key, hashes.SHA256())  # type: ignore[arg-type]
        return Certificate(signed.public_bytes(serialization.Encoding.PEM), private_pem(key), now + lifetime)


def _write_root(key_path: Path, root_path: Path, trust_domain: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, trust_domain)])
    now = datetime.now(UTC)
    builder = _certificate(name, name, key.public_key(), now, timedelta(days=_ROOT_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(key_usage(signs_certificates=True), critical=True)
    write_private(key_path, private_pem(key))
    write_private(root_path, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _CLOCK_SKEW).not_valid_after(now + lifetime)
