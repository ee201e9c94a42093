"""Sidecars: what the proxies of a namespace, or of some pods, know of the mesh, and what they do with strangers.

Source: pilot/pkg/model/sidecar.go. Which of several holds for a pod is told in `kube.sidecars`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshtutor.embedded.istio.hosts import Host, host_matches
from meshtutor.embedded.istio.reading import Key, Object, key_of, seniority, spec_of
from meshtutor.embedded.istio.rules import VirtualService
from meshtutor.kube import sidecars as precedence

_EVERYTHING = (("*", "*"),)


@dataclass(frozen=True, eq=False, slots=True)
class Sidecar:
    """A Sidecar: `imports` are (namespace, host), `allow_any` is None where the mesh decides."""

    key: Key
    selector: dict[str, str]
    imports: tuple[tuple[str, str], ...]
    allow_any: bool | None
    seniority: tuple[str, str]

    def sees(self, host: Host, client: str) -> bool:
        """Whether a client in a namespace may know a host."""
        return self._imports(host.namespace, (host.fqdn,), client)

    def follows(self, rule: VirtualService, client: str) -> bool:
        """Whether a client in a namespace knows a VirtualService: by the rule's namespace and one of its hosts."""
        return self._imports(rule.namespace, rule.hosts, client)

    def _imports(self, owner: str, names: Iterable[str], client: str) -> bool:
        # `.` is the client's namespace: a Sidecar of the root namespace stands for one in each namespace.
        here = ("*", owner, ".") if owner == client else ("*", owner)
        patterns = [name for space, name in self.imports if space in here]
        return any(host_matches(pattern, name) for pattern in patterns for name in names)


def sidecar(obj: Object) -> Sidecar:
    """Read a Sidecar; one that says nothing of egress imports everything."""
    spec = spec_of(obj)
    listed = [str(host) for listener in spec.get("egress") or () for host in listener.get("hosts") or ()]
    policy = spec.get("outboundTrafficPolicy")
    return Sidecar(
        key=key_of(obj),
        selector=(spec.get("workloadSelector") or {}).get("labels") or {},
        imports=tuple(_import(host) for host in listed) or _EVERYTHING,
        # An empty policy means the first value of the enumeration, REGISTRY_ONLY.
        allow_any=None if policy is None else policy.get("mode", "REGISTRY_ONLY") == "ALLOW_ANY",
        seniority=seniority(obj),
    )


def _import(host: str) -> tuple[str, str]:
    namespace, _, name = host.partition("/")
    return namespace, name


def choose(sidecars: Iterable[Sidecar], namespace: str, labels: Mapping[str, str]) -> Sidecar | None:
    """The Sidecar of a pod in a namespace."""
    return precedence.choose(sidecars, _claim, namespace, labels)


def _claim(one: Sidecar) -> precedence.Claim:
    return precedence.Claim(one.key[0], one.selector, one.seniority)
