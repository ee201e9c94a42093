"""The addresses of one lab: a block 127.L.0.0/16 of its own, so that labs never meet.

127.L.0.1      the control plane's host: API server :6443 (TLS), xDS and SDS :15010
127.L.0.2      the node's proxy for pods without a sidecar :15080 (kube-proxy's and DNS' part)
127.L.0.11-13  the nodes: server-0, agent-0, agent-1 (NodePorts)
127.L.16-63.x  pods
127.L.80-127.x the private address of the app in an injected pod: the pod's third octet + 64
127.L.128-191.x Services' cluster IPs
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

API_PORT: Final = 6443
XDS_PORT: Final = 15010
NODE_PROXY_PORT: Final = 15080
SIDECAR_OUTBOUND_PORT: Final = 15001
SIDECAR_ADMIN_PORT: Final = 15000
SIDECAR_STATS_PORT: Final = 15090
SIDECAR_HEALTH_PORT: Final = 15021
ISTIOD_HTTP_PORT: Final = 8080
ISTIOD_MONITORING_PORT: Final = 15014
_PER_OCTET: Final = 250
_APP_OFFSET: Final = 64


@dataclass(frozen=True)
class Block:
    """One lab's block of loopback addresses; `number` is the second octet (L above)."""

    number: int

    def _at(self, third: int, fourth: int) -> str:
        return f"127.{self.number}.{third}.{fourth}"

    @property
    def host(self) -> str:
        """Where API server and xDS listen."""
        return self._at(0, 1)

    @property
    def node_proxy(self) -> str:
        """Where pods without a sidecar find Services."""
        return self._at(0, 2)

    def node(self, index: int) -> str:
        """The address of the n-th node, from 0."""
        return self._at(0, 11 + index)

    def pod(self, index: int) -> str:
        """The n-th pod address, from 0; 12,000 are there."""
        return self._at(16 + index // _PER_OCTET, 1 + index % _PER_OCTET)

    def service(self, index: int) -> str:
        """The n-th cluster IP, from 0; 16,000 are there."""
        return self._at(128 + index // _PER_OCTET, 1 + index % _PER_OCTET)


def app_address(pod_ip: str) -> str:
    """The private address of the app behind the sidecar that owns `pod_ip`."""
    first, second, third, fourth = pod_ip.split(".")
    return f"{first}.{second}.{int(third) + _APP_OFFSET}.{fourth}"
