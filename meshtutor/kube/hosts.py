"""Hosts as Istio's rules name them: short names, whole names, and patterns.

Source: istio/istio, pkg/config/model.go (ResolveShortnameToFQDN) and pkg/config/host/name.go.
"""

from __future__ import annotations

from typing import Final

DOMAIN: Final = "svc.cluster.local"


def full(host: str, namespace: str) -> str:
    """A name without a dot belongs to the rule's namespace; others, and patterns, are whole already."""
    return host if "." in host or "*" in host else f"{host}.{namespace}.{DOMAIN}"


def covers(host: str, name: str, namespace: str) -> bool:
    """Whether a rule's host, written in a namespace, means the whole name."""
    found = full(host, namespace)
    return found == name or (found.startswith("*") and name.endswith(found[1:]))
