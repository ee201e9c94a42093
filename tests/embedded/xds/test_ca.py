from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from meshtutor.embedded.xds.ca import CertificateAuthority
from meshtutor.embedded.xds.sds import SecretDiscovery
from meshtutor.embedded.xds.tokens import Tokens


def leaf(authority: CertificateAuthority, **options) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.issue("default", "reviews", **options).chain)


def test_a_leaf_names_its_service_account_and_is_signed_by_the_root(tmp_path):
    authority = CertificateAuthority(tmp_path)
    root = x509.load_pem_x509_certificate(authority.root)
    certificate = leaf(authority)
    certificate.verify_directly_issued_by(root)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://cluster.local/ns/default/sa/reviews"
    ]
    assert names.critical
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def test_the_root_outlives_a_restart_and_its_key_is_private(tmp_path):
    first = CertificateAuthority(tmp_path / "pki")
    assert CertificateAuthority(tmp_path / "pki").root == first.root
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "pki").iterdir()} == {0o600}


def test_a_certificate_lives_as_long_as_asked(tmp_path):
    certificate = leaf(CertificateAuthority(tmp_path), lifetime=timedelta(hours=1))
    assert abs(certificate.not_valid_after_utc - datetime.now(UTC) - timedelta(hours=1)) < timedelta(
        seconds=5
    )


def test_a_certificate_is_replaced_when_half_of_its_life_is_over(tmp_path):
    authority = CertificateAuthority(tmp_path)
    lasting = SecretDiscovery(authority, Tokens(), lambda *_: "a", timedelta(hours=1))
    assert lasting.certificate("n", "a", "p") is lasting.certificate("n", "a", "p")
    brief = SecretDiscovery(authority, Tokens(), lambda *_: "a", timedelta(0))
    assert brief.certificate("n", "a", "p") is not brief.certificate("n", "a", "p")
