"""TLS of a server: which certificates a mode needs, and which it must not have.

Source: Istio's pkg/config/validation/validation.go (validateTLSOptions). That the sources of certificates exclude
each other is checked by `shape`.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.validation.problem import Problems, error, warning

Tls = dict[str, Any]
_SOURCES: Final = (
    "serverCertificate", "privateKey", "caCertificates", "tlsCertificates", "credentialName", "credentialNames",
)  # fmt: skip
_OLD: Final = ("TLSV1_0", "TLSV1_1")
CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "DES-CBC3-SHA",
)  # fmt: skip


def check(tls: Tls | None, path: str) -> Problems:
    """A server's TLS settings."""
    if tls is None:
        return
    mode = tls.get("mode", "PASSTHROUGH")
    yield from _ciphers(tls, path)
    if mode == "ISTIO_MUTUAL":
        for field in _SOURCES:
            if tls.get(field):
                yield error(
                    f"{path}.{field}", f"ISTIO_MUTUAL uses the mesh's certificates, it cannot have {field}"
                )
        return
    if mode in ("PASSTHROUGH", "AUTO_PASSTHROUGH"):
        if found := [field for field in (*_SOURCES, "caCrl") if tls.get(field)]:
            yield warning(path, f"{mode} does not use certificates, {', '.join(found)} will be ignored")
    elif not (tls.get("credentialName") or tls.get("credentialNames")):
        yield from _files(tls, mode, path)
    if tls.get("caCrl") and mode == "SIMPLE":
        yield error(
            f"{path}.caCrl", "a list of revoked certificates is of no use with SIMPLE: clients show none"
        )


def _files(tls: Tls, mode: str, path: str) -> Problems:
    if mode != "SIMPLE" and not tls.get("caCertificates"):
        yield error(
            f"{path}.caCertificates", f"{mode} requires the CA certificates that clients are checked against"
        )
    for certificate in tls.get("tlsCertificates") or [tls]:
        for field in ("serverCertificate", "privateKey"):
            if not certificate.get(field):
                yield error(
                    f"{path}.{field}", f"{mode} requires {field}", "or credentialName, the name of a Secret"
                )


def _ciphers(tls: Tls, path: str) -> Problems:
    if tls.get("minProtocolVersion") in _OLD and not tls.get("cipherSuites"):
        yield warning(
            f"{path}.minProtocolVersion", "TLS below 1.2 requires cipherSuites that old clients know"
        )
    suites = tls.get("cipherSuites") or []
    # Expressions such as `!RC4` and `-ALL` are passed on as they are.
    invalid = sorted({suite for suite in suites if suite[:1].isalnum() and suite not in (*CIPHERS, "ALL")})
    twice = sorted({suite for suite in suites if suites.count(suite) > 1 and suite not in invalid})
    if invalid:
        yield warning(f"{path}.cipherSuites", f"ignoring invalid cipher suites: {', '.join(invalid)}")
    if twice:
        yield warning(f"{path}.cipherSuites", f"ignoring duplicate cipher suites: {', '.join(twice)}")
