"""What the lab does not do, where it depends on more than one field: see `unsupported` for what a table can say.

Here, too, is what Istio lets through and Envoy then refuses: a proxy must never reject what validation accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from meshtutor.embedded.istio.rules import MESH
from meshtutor.embedded.istio.server_tls import passes
from meshtutor.embedded.istio.validation.names import TLS_PROTOCOLS, partial_wildcard
from meshtutor.embedded.istio.validation.problem import Problems, each, error, warning

HINT: Final = "leave it out here, or use a real cluster, where the same YAML works: meshtutor up --on k3d"
_IN_THE_MESH: Final = (
    "in the mesh is part of Istio's API, but this lab does not implement it yet: sidecars get such connections by the "
    "capture of packets with iptables, which takes root"
)
_AT_A_GATEWAY: Final = "bind it to a gateway alone (gateways: [NAME], without mesh)"
_NOT_AT_GATEWAYS: Final = ("destinationSubnets", "sourceSubnet", "sourceLabels", "sourceNamespace")
_VERSIONS: Final = ("TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")
_LONGEST_NAME: Final = 255
_FOREIGN: Final = ("sds://", "builtin://", "file-")


def gateway(spec: dict[str, Any]) -> Problems:
    """TLS of servers."""
    for path, server in each(spec.get("servers"), "spec.servers"):
        protocol = str((server.get("port") or {}).get("protocol", "")).upper()
        tls = server.get("tls") or {}
        if protocol in TLS_PROTOCOLS and not passes(tls):
            yield from _terminating(tls, f"{path}.tls")


def virtual_service(spec: dict[str, Any]) -> Problems:
    """Rules for bytes: at gateways only, and there by what a gateway and its Envoy look at."""
    for field, what in (("tls", "TLS"), ("tcp", "plain TCP")):
        for path, rule in each(spec.get(field), f"spec.{field}"):
            if _holds_in_the_mesh(rule, spec):
                yield error(path, f"a rule for {what} {_IN_THE_MESH}", f"{_AT_A_GATEWAY}, or {HINT}")
            for place, match in each(rule.get("match"), f"{path}.match"):
                yield from _at_a_gateway(match, place)


def _holds_in_the_mesh(rule: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Whether sidecars would follow a rule for bytes."""
    matches = rule.get("match") or [{}]
    return MESH in (spec.get("gateways") or [MESH]) and any(
        MESH in (match.get("gateways") or [MESH]) for match in matches
    )


def _at_a_gateway(match: dict[str, Any], path: str) -> Problems:
    for field in _NOT_AT_GATEWAYS:
        if match.get(field):
            yield warning(f"{path}.{field}", "a gateway does not look at it: there, port and gateways count")
    for place, name in each(match.get("sniHosts"), f"{path}.sniHosts"):
        if complaint := partial_wildcard(name):
            yield error(place, f"{complaint}: Envoy knows whole labels only", 'as in "*.example.com"')


def destination_rule(spec: dict[str, Any]) -> Problems:
    """TLS towards services."""
    for path, policy in policies(spec):
        tls = policy.get("tls") or {}
        yield from foreign_credential(tls.get("credentialName", ""), f"{path}.tls.credentialName")
        if len(tls.get("sni", "").encode()) > _LONGEST_NAME:
            yield error(f"{path}.tls.sni", f"Envoy takes names of at most {_LONGEST_NAME} bytes")
        if (file := tls.get("caCertificates", "system")) != "system":
            message = f"{file} is a path in the sidecar's own file system, and the lab's sidecars have none"
            hint = "put the certificates into a Secret and name it with credentialName and a workloadSelector"
            yield error(f"{path}.tls.caCertificates", message, hint)


def policies(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, policy) of every traffic policy in a DestinationRule: the rule's, its subsets' and those of ports."""
    parts = [("spec", spec), *each(spec.get("subsets"), "spec.subsets")]
    for place, part in parts:
        policy = part.get("trafficPolicy") or {}
        yield f"{place}.trafficPolicy", policy
        yield from each(policy.get("portLevelSettings"), f"{place}.trafficPolicy.portLevelSettings")


def _terminating(tls: dict[str, Any], path: str) -> Problems:
    yield from foreign_credential(tls.get("credentialName", ""), f"{path}.credentialName")
    for place, name in each(tls.get("credentialNames"), f"{path}.credentialNames"):
        yield from foreign_credential(name, place)
    yield from foreign_credential(tls.get("caCertCredentialName", ""), f"{path}.caCertCredentialName")
    if tls.get("subjectAltNames") and tls.get("mode") == "SIMPLE":
        message = "Istio passes this on, and Envoy refuses to check names of clients that need no certificate"
        yield error(f"{path}.subjectAltNames", message, "use mode MUTUAL, or leave the names out")
    least, most = (tls.get(f"{end}ProtocolVersion") for end in ("min", "max"))
    if least in _VERSIONS and most in _VERSIONS and _VERSIONS.index(least) > _VERSIONS.index(most):
        yield error(f"{path}.minProtocolVersion", f"{least} is above maxProtocolVersion {most}")


def foreign_credential(name: str, path: str) -> Problems:
    """Names of credentials that do not stand for a Secret."""
    if name.startswith(_FOREIGN):
        message = f"{name!r} asks an agent on the pod's node for a certificate; this lab knows Secrets only"
        yield error(path, message, HINT)


def service_entry(spec: dict[str, Any]) -> Problems:
    """Hosts are found by their name in a proxy request: what only captured packets could tell is refused."""
    if spec.get("resolution", "NONE") == "NONE":
        for path, port in each(spec.get("ports"), "spec.ports"):
            if port.get("targetPort") and port["targetPort"] != port.get("number"):
                message = (
                    "with resolution NONE the sidecar asks the port that the request names; to change it"
                )
                yield error(f"{path}.targetPort", f"{message} on the way takes capture by iptables", HINT)
    for path, address in each(spec.get("addresses"), "spec.addresses"):
        if "/" in address:
            yield error(path, f"{address}: this lab does not tell hosts apart by networks yet", HINT)
    for path, endpoint in each(spec.get("endpoints"), "spec.endpoints"):
        yield from _machine(endpoint, path)


def workload_entry(spec: dict[str, Any]) -> Problems:
    """Machines that are reached over the network."""
    yield from _machine(spec, "spec")


def _machine(endpoint: dict[str, Any], path: str) -> Problems:
    if str(endpoint.get("address", "")).startswith("unix://"):
        yield error(f"{path}.address", "this lab does not implement unix domain sockets here yet", HINT)
