"""Mutual TLS between proxies: contexts for both ends; and the parts that all TLS contexts are made of.

Parameters: pilot/pkg/networking/core/cluster_tls.go, pkg/model/authentication.go. A workload's own certificates come
from the static cluster `sds-grpc` of the bootstrap, where Istio's agent sits on a real node; those that a
`credentialName` names come with the rest of the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2, config_source_pb2, grpc_service_pb2
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2, tls_pb2
from envoy.type.matcher.v3 import string_pb2
from google.protobuf import any_pb2

from meshtutor.embedded.istio.endpoints import struct
from meshtutor.embedded.istio.reading import boolean, duration

CLIENT_ALPN: Final = ("istio",)
"""What a sidecar offers, and by which the other side knows that it is a sidecar. Istio's alpn filter, which adds
istio-http/1.1 and the like, is not in a stock Envoy; ports of undeclared protocol are the only ones to miss it."""
SERVER_ALPN: Final = ("h2", "http/1.1")
MUTUAL_TLS_ALPN: Final = ("istio-peer-exchange", "istio", "istio-http/1.0", "istio-http/1.1", "istio-h2")
"""The protocols that choose the mutual TLS filter chain (pilot/pkg/security/authn: PERMISSIVE)."""

_PATIENCE: Final = 2.0


def any_of(message: Any) -> any_pb2.Any:
    """A message packed with its type, byte for byte the same each time."""
    packed = any_pb2.Any()
    packed.Pack(message, deterministic=True)
    return packed


def ads() -> Any:
    """The config source that says: over the stream that is open anyway."""
    return config_source_pb2.ConfigSource(
        ads=config_source_pb2.AggregatedConfigSource(),
        initial_fetch_timeout=duration(0.0),
        resource_api_version=config_source_pb2.ApiVersion.V3,
    )


def credential(name: str) -> Any:
    """A certificate that comes over the stream that is open anyway, by its resource's name (see `credentials`).

    A Secret that does not exist must not block the others of a listener for ever, so the wait ends (Istio: after
    Envoy's 15 s); until the Secret comes, connections that need it fail.
    """
    source = ads()
    source.initial_fetch_timeout.CopyFrom(duration(_PATIENCE))
    return secret_pb2.SdsSecretConfig(name=name, sds_config=source)


def workload_secret(name: str) -> Any:
    """The pod's own certificate (`default`) or the mesh's root (`ROOTCA`)."""
    service = grpc_service_pb2.GrpcService(
        envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name="sds-grpc")
    )
    source = config_source_pb2.ApiConfigSource(
        api_type=config_source_pb2.ApiConfigSource.GRPC,
        transport_api_version=config_source_pb2.ApiVersion.V3,
        set_node_on_first_message_only=True,
        grpc_services=[service],
    )
    return secret_pb2.SdsSecretConfig(
        name=name,
        sds_config=config_source_pb2.ConfigSource(
            api_config_source=source,
            initial_fetch_timeout=duration(0.0),
            resource_api_version=config_source_pb2.ApiVersion.V3,
        ),
    )


def parameters() -> Any:
    """TLS 1.2 to 1.3."""
    return common_pb2.TlsParameters(
        tls_minimum_protocol_version=common_pb2.TlsParameters.TLSv1_2,
        tls_maximum_protocol_version=common_pb2.TlsParameters.TLSv1_3,
    )


def _common(alpn: Iterable[str], names: Iterable[Any]) -> Any:
    context = tls_pb2.CommonTlsContext
    validation = common_pb2.CertificateValidationContext(match_typed_subject_alt_names=names)
    return context(
        tls_params=parameters(),
        alpn_protocols=alpn,
        tls_certificate_sds_secret_configs=[workload_secret("default")],
        combined_validation_context=context.CombinedCertificateValidationContext(
            default_validation_context=validation,
            validation_context_sds_secret_config=workload_secret("ROOTCA"),
        ),
    )


def _uri(**matcher: str) -> Any:
    matched = common_pb2.SubjectAltNameMatcher
    return matched(san_type=matched.URI, matcher=string_pb2.StringMatcher(**matcher))


def any_kind_of_name(names: Iterable[str]) -> list[Any]:
    """Matchers for exact names in a certificate, of whatever kind: DNS, URI, e-mail or address."""
    kind = common_pb2.SubjectAltNameMatcher
    return [
        kind(san_type=san_type, matcher=string_pb2.StringMatcher(exact=name))
        for name in names
        for san_type in (kind.DNS, kind.URI, kind.EMAIL, kind.IP_ADDRESS)
    ]


def tls_socket(context: Any) -> Any:
    """A socket that speaks TLS by an upstream or downstream context."""
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=any_of(context))


def mutual_tls_client(
    sni: str, accounts: Iterable[str], trust_domain: str, server_names: Iterable[str] = ()
) -> Any:
    """A client's socket: its own certificate, and servers with one of these accounts (NAMESPACE/NAME) or names."""
    names = any_kind_of_name(server_names)
    if names:
        accounts = ()
    for account in accounts:
        namespace, _, name = account.partition("/")
        names.append(_uri(exact=f"spiffe://{trust_domain}/ns/{namespace}/sa/{name}"))
    return tls_socket(tls_pb2.UpstreamTlsContext(common_tls_context=_common(CLIENT_ALPN, names), sni=sni))


def mutual_tls_server(trust_domain: str) -> Any:
    """A server's socket: a client certificate of the mesh is required."""
    names = [_uri(prefix=f"spiffe://{trust_domain}/")]
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=_common(SERVER_ALPN, names), require_client_certificate=boolean(True)
    )
    return tls_socket(context)


def plaintext() -> Any:
    """A socket without TLS."""
    return base_pb2.TransportSocket(
        name="envoy.transport_sockets.raw_buffer", typed_config=any_of(raw_buffer_pb2.RawBuffer())
    )


def auto_mutual_tls(sni: str, accounts: Iterable[str], trust_domain: str) -> list[Any]:
    """Sockets by endpoint: mutual TLS where the endpoint's metadata say tlsMode istio, else plaintext."""
    match = cluster_pb2.Cluster.TransportSocketMatch
    return [
        match(
            name="tlsMode-istio",
            match=struct({"tlsMode": "istio"}),
            transport_socket=mutual_tls_client(sni, accounts, trust_domain),
        ),
        match(name="tlsMode-disabled", match=struct({}), transport_socket=plaintext()),
    ]
