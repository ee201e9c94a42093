"""The API server's own certificate authority: made once per lab, in its directory, readable by its owner only.

It has nothing to do with the mesh's authority (xds/), which signs workloads: a learner who breaks one keeps the other.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from meshtutor.embedded.keys import key_usage, private_pem
from meshtutor.files import write_private

_LIFE: Final = timedelta(days=3650)
_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True)
class Pki:
    """Paths of PEM files: the authority's certificate, the server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path

    @property
    def ca_pem(self) -> bytes:
        """The authority's certificate, for kubeconfigs and `kube-root-ca.crt`."""
        return self.ca.read_bytes()

    def context(self) -> ssl.SSLContext:
        """For the server's side of TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols(["http/1.1"])
        return context


def make_pki(directory: Path, addresses: Iterable[str]) -> Pki:
    """Write an authority and a server certificate for some IP addresses (and 127.0.0.1) into a directory."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in _NAMES]
    names += [x509.IPAddress(ipaddress.ip_address(a)) for a in dict.fromkeys((*addresses, "127.0.0.1"))]
    builder = _builder("kube-apiserver", key.public_key(), ca.subject)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(usage, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    pki = Pki(directory / "api-ca.crt", directory / "api.crt", directory / "api.key")
    write_private(pki.ca, ca.public_bytes(serialization.Encoding.PEM))
    write_private(
        pki.certificate, builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    write_private(pki.key, private_pem(key))
    return pki


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("meshtutor-api-ca")
    builder = _builder("meshtutor-api-ca", key.public_key(), name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    builder = builder.add_extension(key_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _builder(common_name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
