"""TLS towards a service: `trafficPolicy.tls` of a DestinationRule as Envoy's upstream context.

Source: pilot/pkg/networking/core/cluster_tls.go. A rule that says something replaces auto mTLS for all endpoints.
`credentialName` is for gateways, and for sidecars that the rule selects by `workloadSelector`: to other sidecars
Istio gives no TLS at all rather than a wait for a Secret that they may not read.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2

from meshtutor.embedded.istio import credentials, transport
from meshtutor.embedded.istio.destination_rules import DestinationRule

Tls = Mapping[str, Any]
ORIGINATING: Final = frozenset({"SIMPLE", "MUTUAL"})
_SYSTEM_ROOTS: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def names_credentials(rule: DestinationRule | None) -> bool:
    """Whether some part of a rule has a `credentialName`: then its clusters differ between gateways and sidecars."""
    return rule is not None and any(tls.get("credentialName") for tls in _settings(rule))


def originates(tls: Tls, *, private: bool) -> bool:
    """Whether TLS is spoken; `private`: the proxy may read the Secret that a `credentialName` names."""
    return tls.get("mode") in ORIGINATING and (private or not tls.get("credentialName"))


def secret_names(tls: Tls) -> Iterator[str]:
    """Every secret that a cluster asks for."""
    name = str(tls.get("credentialName") or "")
    if name and tls.get("mode") == "MUTUAL":
        yield credentials.resource_name(name)
    if name and not tls.get("insecureSkipVerify"):
        yield credentials.root_name(name)


def socket(tls: Tls, *, http2: bool) -> Any:
    """The transport socket of a cluster."""
    common = tls_pb2.CommonTlsContext(
        tls_params=transport.parameters(), alpn_protocols=["h2"] if http2 else []
    )
    name = str(tls.get("credentialName") or "")
    if name and tls.get("mode") == "MUTUAL":
        common.tls_certificate_sds_secret_configs.append(
            transport.credential(credentials.resource_name(name))
        )
    if not tls.get("insecureSkipVerify"):
        _verify(common, tls, name)
    return transport.tls_socket(tls_pb2.UpstreamTlsContext(common_tls_context=common, sni=tls.get("sni", "")))


def set_names(options: Any, tls: Tls) -> None:
    """Without `sni` the server is called by the request's host, and without names of its own it must bear that one."""
    if tls.get("sni"):
        return
    options.upstream_http_protocol_options.auto_sni = True
    if not tls.get("subjectAltNames") and not tls.get("insecureSkipVerify"):
        options.upstream_http_protocol_options.auto_san_validation = True


def _verify(common: Any, tls: Tls, name: str) -> None:
    """Against the Secret's CA, or those that the machine trusts."""
    matchers = transport.any_kind_of_name(tls.get("subjectAltNames") or ())
    validation = common_pb2.CertificateValidationContext(match_typed_subject_alt_names=matchers)
    roots = None if name else system_roots()
    if roots:
        validation.trusted_ca.filename = roots
        common.validation_context.CopyFrom(validation)
        return
    combined = common.combined_validation_context
    combined.default_validation_context.CopyFrom(validation)
    # A machine that trusts nobody: with the mesh's own root no server of the outside is taken for another.
    secret = (
        transport.credential(credentials.root_name(name)) if name else transport.workload_secret("ROOTCA")
    )
    combined.validation_context_sds_secret_config.CopyFrom(secret)


def system_roots() -> str | None:
    """The file with the CA certificates that this machine trusts, which is every pod's machine."""
    found = (ssl.get_default_verify_paths().cafile, *_SYSTEM_ROOTS)
    return next((path for path in found if path and Path(path).is_file()), None)


def _settings(rule: DestinationRule) -> Iterator[Tls]:
    for policy in (rule.policy, *(subset.get("trafficPolicy") or {} for subset in rule.subsets.values())):
        yield policy.get("tls") or {}
        yield from (settings.get("tls") or {} for settings in policy.get("portLevelSettings") or ())
