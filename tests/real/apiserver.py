"""A real kube-apiserver with etcd on loopback, with four users.

An admin, a learner without rights, a student whom a test grants some, and a stranger.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from meshtutor.kube.client import KubeClient
from tests.real.programs import find, free_ports, running, until

TOKENS = {
    "admin": "admin-token", "learner": "learner-token", "student": "student-token", "stranger": "no-such-token",
}  # fmt: skip
_PEM, _PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@dataclass(frozen=True)
class ApiServer:
    """A running API server; `kubeconfig` has a context per user, `certificate` being one with a client certificate."""

    directory: Path
    port: int
    kubeconfig: Path

    def client(self, user: str = "admin") -> KubeClient:
        """A client as one of the users."""
        return KubeClient.from_kubeconfig(self.kubeconfig, user)


@contextmanager
def serving(directory: Path) -> Iterator[ApiServer]:
    """Etcd and kube-apiserver, ready."""
    etcd, apiserver = find("etcd"), find("kube-apiserver")
    client_port, peer_port, port = free_ports(3)
    etcd_log, log = directory / "etcd.log", directory / "kube-apiserver.log"
    with running(_etcd(etcd, directory, client_port, peer_port), etcd_log):
        _write_credentials(directory)
        with running(_apiserver(apiserver, directory, client_port, port), log):
            until(lambda: _is_ready(port), "ready kube-apiserver", 90, log)
            kubeconfig = _write_kubeconfig(directory, port)
            yield ApiServer(directory, port, kubeconfig)


def _etcd(binary: str, directory: Path, client_port: int, peer_port: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    flags = {
        "data-dir": directory / "etcd", "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer, "initial-cluster": f"default={peer}",
        "unsafe-no-fsync": "true",
    }  # fmt: skip
    return [binary, *(f"--{flag}={value}" for flag, value in flags.items())]


def _apiserver(binary: str, directory: Path, etcd_port: int, port: int) -> list[str]:
    flags = {
        "etcd-servers": f"http://127.0.0.1:{etcd_port}", "bind-address": "127.0.0.1", "secure-port": port,
        "cert-dir": directory / "certs", "endpoint-reconciler-type": "none", "allow-privileged": "true",
        "service-cluster-ip-range": "10.96.0.0/16", "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": directory / "sa.pem", "service-account-signing-key-file": directory / "sa.pem",
        "token-auth-file": directory / "tokens.csv", "client-ca-file": directory / "ca.crt",
        "authorization-mode": "RBAC", "disable-admission-plugins": "ServiceAccount",
    }  # fmt: skip
    return [binary, *(f"--{flag}={value}" for flag, value in flags.items())]


def _is_ready(port: int) -> bool:
    try:
        with urllib3.PoolManager(cert_reqs="CERT_NONE", timeout=2) as pool:
            return pool.request("GET", f"https://127.0.0.1:{port}/readyz", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _write_credentials(directory: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    (directory / "sa.pem").write_bytes(key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption()))
    users = [f"{TOKENS['admin']},admin,1,system:masters", f"{TOKENS['learner']},learner,2",
             f"{TOKENS['student']},student,3"]  # fmt: skip
    (directory / "tokens.csv").write_text("\n".join(users) + "\n")
    ca_key, user_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("test-ca", "", ca_key, ca_key, "test-ca", is_ca=True)
    user = _certificate("certified", "system:masters", user_key, ca_key, "test-ca")
    (directory / "ca.crt").write_bytes(authority.public_bytes(_PEM))
    (directory / "user.crt").write_bytes(user.public_bytes(_PEM))
    (directory / "user.key").write_bytes(user_key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption()))


def _certificate(name: str, group: str, key, signer, issuer: str, is_ca: bool = False) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    subject += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    return (builder if is_ca else builder.add_extension(usage, critical=False)).sign(signer, hashes.SHA256())


def _write_kubeconfig(directory: Path, port: int) -> Path:
    """Contexts by token, by client certificate files (relative paths, as kubectl writes them), and to nowhere."""
    authority = (directory / "certs" / "apiserver.crt").read_bytes()
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": base64.b64encode(authority).decode(),
    }
    nowhere = {
        "server": "https://127.0.0.1:1",
        "certificate-authority-data": cluster["certificate-authority-data"],
    }
    users = {name: {"token": token} for name, token in TOKENS.items()}
    users["certificate"] = {"client-certificate": "user.crt", "client-key": "user.key"}
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "stranger",
        "clusters": [{"name": "real", "cluster": cluster}, {"name": "nowhere", "cluster": nowhere}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [{"name": name, "context": {"cluster": "real", "user": name}} for name in users]
        + [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "admin"}}],
    }  # fmt: skip
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
