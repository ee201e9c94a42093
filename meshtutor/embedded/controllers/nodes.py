"""The three nodes of `k3d cluster create --agents 2`: two in Europe, one in Brazil.

Their objects carry what a kubelet reports (conditions, addresses, capacity, nodeInfo) and the topology labels
from which Istio takes locality. The heartbeat is a Lease in kube-node-lease, renewed every ten seconds as
kubelet does; the Node object itself is written once, so that idle labs stay quiet.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psutil

from meshtutor.embedded.api import Api, Object
from meshtutor.embedded.network import Block
from meshtutor.embedded.objects import timestamp
from meshtutor.errors import ApiStatusError, ConflictError, NotFoundError
from meshtutor.kube.kinds import LEASE

log = logging.getLogger(__name__)
LEASES: Final = "kube-node-lease"
KUBELET_VERSION: Final = "v1.35.0"
_RENEW_SECONDS = 10.0
_RETRY_SECONDS = 1.0
_LEASE_SECONDS = 40
_PODS = "110"


@dataclass(frozen=True)
class NodeSpec:
    """A node's name and place; `index` is its position in `Block.node`."""

    name: str
    index: int
    region: str
    zone: str
    control_plane: bool = False


NODES: Final = (
    NodeSpec("meshtutor-server-0", 0, "europe", "europe-1", control_plane=True),
    NodeSpec("meshtutor-agent-0", 1, "europe", "europe-1"),
    NodeSpec("meshtutor-agent-1", 2, "brazil", "brazil-1"),
)


async def run_nodes(api: Api, block: Block) -> None:
    """Register the nodes, then renew their leases until cancelled."""
    for spec in NODES:
        await register(api, block, spec)
    while True:
        renewed = [await _renew(api, spec) for spec in NODES]
        await asyncio.sleep(_RENEW_SECONDS if all(renewed) else _RETRY_SECONDS)


async def register(api: Api, block: Block, spec: NodeSpec) -> None:
    """Create the Node, unless it is there, and report its status."""
    node = node_object(block, spec)
    try:
        await api.create({key: value for key, value in node.items() if key != "status"})
    except ConflictError:
        log.debug("node %s exists already", spec.name)
    await api.update(node, subresource="status")


def node_object(block: Block, spec: NodeSpec) -> Object:
    """The Node as a kubelet would report it; capacity is this machine's, which the nodes share."""
    capacity = {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{psutil.virtual_memory().total // 1024}Ki",
        "pods": _PODS,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": spec.name, "labels": _labels(spec)},
        "spec": {"providerID": f"meshtutor://{spec.name}"},
        "status": {
            "capacity": capacity,
            "allocatable": dict(capacity),
            "conditions": _conditions(),
            "addresses": [
                {"type": "InternalIP", "address": block.node(spec.index)},
                {"type": "Hostname", "address": spec.name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _info(spec),
        },
    }


def _labels(spec: NodeSpec) -> dict[str, str]:
    labels = {
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": platform.system().lower(),
        "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(
            platform.machine(), platform.machine()
        ),
        "topology.kubernetes.io/region": spec.region,
        "topology.kubernetes.io/zone": spec.zone,
    }
    if spec.control_plane:
        labels["node-role.kubernetes.io/control-plane"] = "true"
    return labels


def _conditions() -> list[Object]:
    def one(kind: str, status: str, reason: str, message: str) -> Object:
        now = timestamp()
        return {"type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": now, "lastTransitionTime": now}  # fmt: skip

    return [
        one(
            "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"
        ),
        one("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        one("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        one("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]


def _info(spec: NodeSpec) -> Object:
    return {
        "machineID": spec.name,
        "systemUUID": spec.name,
        "bootID": spec.name,
        "kernelVersion": platform.release(),
        "osImage": f"meshtutor on {socket.gethostname()}",
        "containerRuntimeVersion": "process://1",
        "kubeletVersion": KUBELET_VERSION,
        "kubeProxyVersion": "",
        "operatingSystem": platform.system().lower(),
        "architecture": _labels(spec)["kubernetes.io/arch"],
    }


async def _renew(api: Api, spec: NodeSpec) -> bool:
    """Whether the lease was written; it cannot be while its namespace is not there."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lease = {"holderIdentity": spec.name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": now}
    metadata = {"name": spec.name, "namespace": LEASES}
    try:
        await api.patch(LEASE, spec.name, LEASES, {"spec": lease})
    except NotFoundError:
        body = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": lease}
        try:
            await api.create(body)
        except ApiStatusError as refusal:
            log.debug("the lease of node %s cannot be written: %s", spec.name, refusal)
            return False
    return True
