"""What Gateways and routes may refer to, as it is in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.credentials import Credential
from meshtutor.embedded.istio.gateway_api.objects import CONTROLLER, GatewayClass, Grant
from meshtutor.embedded.istio.reading import Key
from meshtutor.kube.kinds import GATEWAY_API_GROUP
from meshtutor.kube.selectors import LabelSelector


@dataclass(frozen=True)
class Problem:
    """Why something is not as it was meant, as a condition says it: one word, one sentence."""

    reason: str
    message: str


@dataclass(frozen=True)
class World:
    """Services by (namespace, name), labels by namespace, grants, the classes whose Gateways are Istio's, Secrets."""

    services: frozenset[Key]
    namespaces: Mapping[str, Mapping[str, str]]
    grants: tuple[Grant, ...]
    classes: frozenset[str]
    secrets: Mapping[Key, Credential]

    @classmethod
    def of(
        cls,
        services: Iterable[Key],
        namespaces: Mapping[str, Mapping[str, str]],
        grants: Iterable[Grant],
        classes: Iterable[GatewayClass],
        secrets: Mapping[Key, Credential],
    ) -> World:
        """From the tables of a snapshot."""
        ours = frozenset(c.identity.name for c in classes if c.controller == CONTROLLER)
        return cls(frozenset(services), namespaces, tuple(grants), ours, secrets)

    def may_refer(self, kind: str, source: str, target: tuple[str, str, str], namespace: str) -> bool:
        """Whether a `kind` of this API in namespace `source` may refer to (group, kind, name) in another one."""
        group, target_kind, name = target
        wanted = {(group, target_kind, ""), (group, target_kind, name)}
        asking = (GATEWAY_API_GROUP, kind, source)
        return any(
            grant.namespace == namespace and asking in grant.froms and wanted & grant.tos
            for grant in self.grants
        )

    def namespaces_with(self, selector: Mapping[str, Any]) -> list[str]:
        """The namespaces that a label selector chooses."""
        chosen = LabelSelector.of(selector)
        return sorted(name for name, labels in self.namespaces.items() if chosen.matches(labels))
