"""A proxy as Istio sees it when it chooses which rules it is told of, before there is any request.

Source: istio/istio, pilot/pkg/networking/core/route/route.go (translateRoute, sourceMatchHTTP); `exportTo` and
`gateways` in istio.io/latest/docs/reference/config/networking/virtual-service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.kube import kinds, objects
from meshtutor.mesh.listing import Listing

Object = dict[str, Any]
MESH: Final = "mesh"


@dataclass(frozen=True)
class Proxy:
    """Namespace and labels of its pod, the port that is called, and `gateways`: {mesh} for a sidecar."""

    namespace: str
    labels: Mapping[str, str]
    gateways: frozenset[str]
    port: int = 0

    @classmethod
    def of_sidecar(cls, pod: Object, port: int) -> Proxy:
        """The sidecar of a pod, for requests to a port."""
        return cls(objects.namespace(pod), objects.labels(pod), frozenset({MESH}), port)

    @classmethod
    def of_gateway(cls, pod: Object, listing: Listing, port: int) -> Proxy:
        """A gateway's pod, with the Gateways that select it."""
        labels = objects.labels(pod)
        served = (one for one in listing.all(kinds.GATEWAY)
                  if (objects.spec(one).get("selector") or {}).items() <= labels.items())  # fmt: skip
        names = frozenset(f"{objects.namespace(one)}/{objects.name(one)}" for one in served)
        return cls(objects.namespace(pod), labels, names, port)

    def refuses(self, service: Object) -> str:
        """Why a whole VirtualService is not for this proxy, or ""."""
        owner, spec = objects.namespace(service), objects.spec(service)
        exported = set(spec.get("exportTo") or ("*",))
        if not exported & {"*", self.namespace} and not ("." in exported and owner == self.namespace):
            return f"not exported to namespace {self.namespace}"
        named = _gateways(spec.get("gateways") or (MESH,), owner)
        return "" if named & self.gateways else f"only for {_proxies(named)}"

    def refuses_match(self, match: Mapping[str, Any], owner: str) -> str:
        """Why a match of a VirtualService in a namespace is not for this proxy, or ""."""
        if match.get("port") and self.port and match["port"] != self.port:
            return f"only for port {match['port']}"
        if match.get("gateways"):
            named = _gateways(match["gateways"], owner)
            return "" if named & self.gateways else f"only for {_proxies(named)}"
        wanted = match.get("sourceLabels") or {}
        if not wanted.items() <= self.labels.items():
            return "only for pods with " + ", ".join(f"{key}={value}" for key, value in wanted.items())
        namespace = match.get("sourceNamespace") or self.namespace
        return "" if namespace == self.namespace else f"only for pods of namespace {namespace}"


def _gateways(names: Iterable[str], namespace: str) -> frozenset[str]:
    """As NAMESPACE/NAME: `g` and `./g` are the rule's own namespace's; `mesh` stays."""
    found = set()
    for name in map(str, names):
        owner, slash, short = name.partition("/")
        whole = f"{namespace if owner == '.' else owner}/{short}" if slash else f"{namespace}/{name}"
        found.add(MESH if name == MESH else whole)
    return frozenset(found)


def _proxies(gateways: frozenset[str]) -> str:
    named = sorted(gateways - {MESH})
    if not named:
        return "sidecars"
    return f"the gateway{'s' if len(named) > 1 else ''} {', '.join(named)}"
