"""What Docker knows of k3d's clusters: which there are, and which are ours by their label."""

from __future__ import annotations

from meshtutor.providers.k3d.options import MANAGED_BY
from meshtutor.providers.tools import Command, Tools, command


class Docker:
    """Asks Docker, whose labels tell more than k3d's list does (k3d shows only labels of its own)."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def has_cluster(self, name: str) -> bool:
        """Whether any container of a k3d cluster of this name exists, running or not."""
        return bool(self._containers(f"label=k3d.cluster={name}"))

    def is_ours(self, name: str, *, began: bool) -> bool:
        """Whether we made that cluster: its server says so by our label, which it was created with.

        Only where there is no server (yet, or any more) it counts whether we `began` to make one: that memory may be
        older than the cluster.
        """
        cluster = f"label=k3d.cluster={name}"
        if self._containers(cluster, "label=k3d.role=server"):
            return bool(self._containers(cluster, f"label={MANAGED_BY}=meshtutor"))
        return began

    def is_running(self, name: str) -> bool:
        """Whether its server node runs (after `k3d cluster stop` or a restart of Docker it may not)."""
        return bool(self._containers(f"label=k3d.cluster={name}", "label=k3d.role=server", "status=running"))

    def removals(self, name: str) -> list[Command]:
        """Commands for what k3d leaves of a cluster whose first node could not be made: a network and a volume.

        k3d's own rollback and its `cluster delete` look for nodes and then give up (k3d 5.8.3).
        """
        networks = self._list("network", f"name=^k3d-{name}$", "label=app=k3d")
        volumes = self._list("volume", f"label=k3d.cluster={name}", "label=app=k3d")
        return [
            *(command("docker", "network", "rm", found) for found in networks),
            *(command("docker", "volume", "rm", found) for found in volumes),
        ]

    def _list(self, what: str, *filters: str) -> list[str]:
        words = [word for one in filters for word in ("--filter", one)]
        return self._tools.read("docker", what, "ls", "--format", "{{.Name}}", *words).split()

    def _containers(self, *filters: str) -> str:
        words = [word for one in filters for word in ("--filter", one)]
        return self._tools.read("docker", "ps", "--all", "--quiet", *words).strip()
