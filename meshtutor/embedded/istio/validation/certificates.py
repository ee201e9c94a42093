"""Secrets with certificates: broken ones, and Gateways whose `credentialName` leads to none.

A cluster takes any Secret whose keys are there, and Istio tells of broken ones in istiod's log only; here it is a
warning where the Secret is applied and where it is named. Source of the codes: Istio's
pkg/config/analysis/analyzers/gateway/secret.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshtutor.embedded.istio import credentials, server_tls
from meshtutor.embedded.istio.credentials import Credential
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
Spec = Mapping[str, Any]
NOT_FOUND: Final = "IST0101"
INVALID: Final = "IST0161"
_TLS: Final = "kubernetes.io/tls"
_KEPT: Final = "proxies are not given it: they keep the certificate that they have"


def check(secret: Object) -> Problems:
    """Warnings about one Secret, if it is meant for TLS."""
    held = credentials.credential(secret)
    if (held.chain or secret.get("type") == _TLS) and held.pair_problem:
        yield warning("data", f"as a certificate this Secret is of no use: {held.pair_problem}", _KEPT)
    if held.root and held.root_problem:
        yield warning("data", f"as a CA certificate this Secret is of no use: {held.root_problem}", _KEPT)
    for notice in credentials.notices(held):
        yield warning("data", notice, "clients that look at it end the connection")


def gateway(spec: Spec, namespace: str, secrets: Iterable[Object]) -> Problems:
    """Warnings about the credentials of a Gateway whose pods are in a namespace; they read Secrets of theirs only."""
    there = {objects.ObjectKey.of(secret): secret for secret in secrets}
    held = {(key.namespace, key.name): secret for key, secret in there.items()}
    for path, server in each(spec.get("servers"), "spec.servers"):
        for name in server_tls.secret_names(server.get("tls") or {}):
            yield from _named(f"{path}.tls.credentialName", name, namespace, held)


def _named(path: str, name: str, namespace: str, there: dict[tuple[str, str], Object]) -> Problems:
    wanted = {key: credentials.credential(obj) for key, obj in there.items() if key[1] in _spellings(name)}
    found = credentials.find(name, namespace, wanted)
    wrong = credentials.problem(name, found)
    if found is None:
        yield warning(
            path, f"referenced credential not found: {name!r}", _where(namespace, wanted), NOT_FOUND
        )
    elif wrong:
        yield warning(
            path, f"the Secret {found.namespace}/{found.name} cannot be used: {wrong}", _KEPT, INVALID
        )


def _spellings(name: str) -> tuple[str, str]:
    short = name.rpartition("/")[2]
    return short, short.removesuffix(credentials.CA_SUFFIX)


def _where(namespace: str, elsewhere: dict[tuple[str, str], Credential]) -> str:
    others = ", ".join(sorted({key[0] for key in elsewhere}))
    asked = f"it must be a Secret in {namespace}, where the gateway's pods are; connections fail until it is there"
    return f"{asked} (found in namespace {others})" if others else asked
