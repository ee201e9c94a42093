"""TLS that a gateway terminates: the `tls` of a server as Envoy's downstream context.

Source: pilot/pkg/networking/core/listener.go (BuildListenerTLSContext) and pilot/pkg/security/model/authentication.go
(ApplyCredentialSDSToServerCommonTLSContext). Certificates come by name, see `credentials`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2

from meshtutor.embedded.istio import credentials, transport
from meshtutor.embedded.istio.reading import boolean

Tls = Mapping[str, Any]
TERMINATING: Final = frozenset({"SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"})
_ASKING: Final = frozenset({"MUTUAL", "OPTIONAL_MUTUAL"})
_VERSIONS: Final = {
    "TLSV1_0": common_pb2.TlsParameters.TLSv1_0,
    "TLSV1_1": common_pb2.TlsParameters.TLSv1_1,
    "TLSV1_2": common_pb2.TlsParameters.TLSv1_2,
    "TLSV1_3": common_pb2.TlsParameters.TLSv1_3,
}


def terminates(tls: Tls) -> bool:
    """Whether the gateway decrypts; without a mode TLS is passed through."""
    return tls.get("mode") in TERMINATING


def passes(tls: Tls) -> bool:
    """Whether what is encrypted is passed on unopened."""
    return tls.get("mode") in (None, "PASSTHROUGH")


def certificates(tls: Tls) -> list[str]:
    """The resources' names of the certificates that a server shows: one, or one for each kind of key."""
    named = tls.get("credentialNames") or [tls.get("credentialName") or ""]
    return [credentials.resource_name(str(name)) for name in named if name]


def root(tls: Tls) -> str:
    """The resource's name of the CA certificates that clients are checked against; "" if they are not asked."""
    if tls.get("mode") not in _ASKING:
        return ""
    if own := tls.get("caCertCredentialName"):
        return credentials.resource_name(str(own))
    return next((f"{name}{credentials.CA_SUFFIX}" for name in certificates(tls)), "")


def secret_names(tls: Tls) -> Iterator[str]:
    """Every secret that a proxy asks for on behalf of a server."""
    if terminates(tls):
        yield from certificates(tls)
        if name := root(tls):
            yield name


def socket(tls: Tls) -> Any:
    """The transport socket of a server that terminates TLS."""
    common = tls_pb2.CommonTlsContext(
        alpn_protocols=transport.SERVER_ALPN,
        tls_certificate_sds_secret_configs=[transport.credential(name) for name in certificates(tls)],
    )
    if params := _parameters(tls):
        common.tls_params.CopyFrom(params)
    if name := root(tls):
        combined = common.combined_validation_context
        combined.default_validation_context.CopyFrom(_validation(tls))
        combined.validation_context_sds_secret_config.CopyFrom(transport.credential(name))
    return transport.tls_socket(
        tls_pb2.DownstreamTlsContext(
            common_tls_context=common, require_client_certificate=boolean(tls.get("mode") == "MUTUAL")
        )
    )


def _parameters(tls: Tls) -> Any | None:
    """Versions and ciphers as far as they are given; for the rest Envoy's defaults hold (1.2 to 1.3)."""
    params = common_pb2.TlsParameters(cipher_suites=dict.fromkeys(tls.get("cipherSuites") or ()))
    if version := _VERSIONS.get(str(tls.get("minProtocolVersion"))):
        params.tls_minimum_protocol_version = version
    if version := _VERSIONS.get(str(tls.get("maxProtocolVersion"))):
        params.tls_maximum_protocol_version = version
    return params if params.ByteSize() else None


def _validation(tls: Tls) -> Any:
    return common_pb2.CertificateValidationContext(
        match_typed_subject_alt_names=transport.any_kind_of_name(tls.get("subjectAltNames") or ())
    )
