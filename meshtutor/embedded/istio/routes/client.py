"""Who asks: the proxy (or all proxies of a scope) for which routes are made, and what it can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.clusters import outbound_name, policy_of
from meshtutor.embedded.istio.destination_rules import DestinationRule, DestinationRules
from meshtutor.embedded.istio.hosts import Host, resolve
from meshtutor.embedded.istio.mesh_config import MeshConfig


@dataclass(frozen=True, eq=False)
class Client:
    """A scope's view. `gateways` are the names that stand for it in rules: {"mesh"}, or a gateway's NAMESPACE/NAME."""

    namespace: str
    labels: dict[str, str]
    gateways: frozenset[str]
    hosts: Mapping[str, Host]
    rules: DestinationRules
    mesh: MeshConfig
    tls: bool = False

    def destination_rule(self, fqdn: str) -> DestinationRule | None:
        """The DestinationRule that this client follows for a host."""
        host = self.hosts.get(fqdn)
        owner = host.namespace if host else self.namespace
        return self.rules.for_host(fqdn, owner, self.namespace, self.labels)

    def cluster_of(self, destination: Mapping[str, Any], namespace: str, listener_port: int) -> str:
        """The cluster of a destination in a rule of `namespace` (route.go, GetDestinationCluster).

        Without a port: the host's only one, else the port on which the request came. Whether the cluster exists is
        not asked: if not, Envoy answers 503 with flag NC.
        """
        fqdn = resolve(str(destination.get("host", "")), namespace)
        host = self.hosts.get(fqdn)
        number = (destination.get("port") or {}).get("number")
        if number is None:
            number = host.ports[0].number if host and len(host.ports) == 1 else listener_port
        return outbound_name(int(number), str(destination.get("subset") or ""), fqdn)

    def policy_for(
        self, destination: Mapping[str, Any], namespace: str, listener_port: int
    ) -> dict[str, Any]:
        """The traffic policy that holds for a destination."""
        cluster = self.cluster_of(destination, namespace, listener_port)
        _, port, subset, fqdn = cluster.split("|")
        return policy_of(self.destination_rule(fqdn), int(port), subset)
