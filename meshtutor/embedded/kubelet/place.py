"""Where a pod runs: what its containers, its Envoy and its probes need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.network import NODE_PROXY_PORT, SIDECAR_OUTBOUND_PORT, Block, app_address

PROXY_CONTAINER = "istio-proxy"


def proxy_role(container: Mapping[str, Any]) -> str:
    """`sidecar` or `router` for a container that runs Istio's proxy, "" for any other."""
    arguments = container.get("args") or []
    is_proxy = container.get("name") == PROXY_CONTAINER and arguments[:1] == ["proxy"]
    return arguments[1] if is_proxy and len(arguments) > 1 and arguments[1] in ("sidecar", "router") else ""


def has_sidecar(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's address belongs to a sidecar, and the app has a private one."""
    return any(proxy_role(c) == "sidecar" for c in pod["spec"].get("containers") or ())


@dataclass(frozen=True)
class Place:
    """One pod's address, directory and node. `pod` is as it was when the pod came to this node."""

    pod: Object
    ip: str
    directory: Path
    node: Object
    block: Block

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.pod["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    @property
    def host_ip(self) -> str:
        """The node's address."""
        addresses = (self.node.get("status") or {}).get("addresses") or ()
        return next((a["address"] for a in addresses if a["type"] == "InternalIP"), "")

    @property
    def app_ip(self) -> str:
        """Where the pod's own containers listen: behind the sidecar, or on the pod's address."""
        return app_address(self.ip) if has_sidecar(self.pod) else self.ip

    @property
    def http_proxy(self) -> str:
        """Where the pod's own containers send: their sidecar, or the node's proxy.

        The node's proxy learns from the user name in whose namespace short names are looked up.
        """
        if has_sidecar(self.pod):
            return f"http://{self.ip}:{SIDECAR_OUTBOUND_PORT}"
        return node_proxy_url(self.block, self.namespace)

    def log(self, container: str, *, previous: bool = False) -> Path:
        """The file with a container's output, of this run or of the one before."""
        return self.directory / f"{container}{'.previous' if previous else ''}.log"


def node_proxy_url(block: Block, namespace: str) -> str:
    """The node's proxy as a pod without a sidecar in `namespace` reaches Services through it.

    curl, urllib, requests and Go send user and password as Proxy-Authorization; urllib only if both are
    there.
    """
    caller = "" if namespace == "default" else f"{namespace}:namespace@"
    return f"http://{caller}{block.node_proxy}:{NODE_PROXY_PORT}"
