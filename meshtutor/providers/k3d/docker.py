"""What Docker knows of k3d's clusters: which there are, and which are ours by their label."""

from __future__ import annotations

from meshtutor.providers.k3d.options import MANAGED_BY
from meshtutor.providers.tools import Tools


class Docker:
    """Asks Docker, whose labels tell more than k3d's list does (k3d shows only labels of its own)."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def has_cluster(self, name: str) -> bool:
        """Whether any container of a k3d cluster of this name exists, running or not."""
        return bool(self._containers(f"label=k3d.cluster={name}"))

    def made_by_us(self, name: str) -> bool:
        """Whether that cluster carries our label, which it was created with."""
        return bool(self._containers(f"label=k3d.cluster={name}", f"label={MANAGED_BY}=meshtutor"))

    def is_running(self, name: str) -> bool:
        """Whether its server node runs (after `k3d cluster stop` or a restart of Docker it may not)."""
        return bool(self._containers(f"label=k3d.cluster={name}", "label=k3d.role=server", "status=running"))

    def _containers(self, *filters: str) -> str:
        words = [word for one in filters for word in ("--filter", one)]
        return self._tools.read("docker", "ps", "--all", "--quiet", *words).strip()
