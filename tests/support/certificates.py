"""Certificate authorities and certificates for tests, and Secrets that hold them."""

from __future__ import annotations

import base64
import ipaddress
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path, name: str) -> tuple[str, str]:
        """Files with both, as the ssl module and Envoy want them."""
        paths = directory / f"{name}.crt", directory / f"{name}.key"
        paths[0].write_bytes(self.certificate)
        paths[1].write_bytes(self.key)
        return str(paths[0]), str(paths[1])


@dataclass
class Authority:
    """Signs certificates."""

    name: str = "a test's authority"
    _key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        subject = _name(self.name)
        built = _builder(subject, subject, self._key, timedelta(days=1))
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: str, key: Key | None = None, lifetime: timedelta = timedelta(days=1)) -> Pair:
        """A certificate for DNS names or addresses; a negative lifetime makes one whose time is over."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name(names[0]), _name(self.name), key, lifetime)
        built = built.add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
        signed = built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return Pair(signed, pem(key))

    def client(self, directory: Path, pair: Pair | None = None) -> ssl.SSLContext:
        """What a client needs to trust this authority's servers, and to show a certificate of its own."""
        context = ssl.create_default_context(cadata=self.certificate.decode())
        if pair:
            context.load_cert_chain(*pair.write(directory, "client"))
        return context


def pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def secret(name: str, namespace: str = "istio-system", **data: bytes) -> dict[str, Any]:
    """A generic Secret; `tls_crt` and the like stand for keys with a dot."""
    encoded = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": encoded}


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, lifetime: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number())
    begin = now - timedelta(days=2)
    return built.not_valid_before(begin).not_valid_after(max(now + lifetime, begin + timedelta(hours=1)))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
