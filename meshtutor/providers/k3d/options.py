"""What `up --on k3d` may choose, and the names that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

DEFAULT_CLUSTER: Final = "k3s-default"
NODE_PORT: Final = 30000
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


@dataclass(frozen=True)
class K3dOptions:
    """`port` on this machine leads to NodePort 30000.

    `addons` is a folder, "none", or "" for those that Istio ships with its version. `image` is k3d's k3s image ("" for
    k3d's default), `profile` Istio's installation profile, `scrape` the seconds between two scrapes of Prometheus.
    """

    cluster: str = DEFAULT_CLUSTER
    port: int = 8000
    agents: int = 2
    namespace: str = "default"
    switch_context: bool = False
    profile: str = "default"
    addons: str = ""
    image: str = ""
    scrape: int = 1

    @classmethod
    def of(cls, lab: str, **given: Any) -> K3dOptions:
        """Options with what was given; the default lab's cluster has k3d's own default name, as in the study."""
        cluster = DEFAULT_CLUSTER if lab == "default" else lab
        return cls(cluster=cluster, **{key: value for key, value in given.items() if value is not None})

    @property
    def context(self) -> str:
        """The kubeconfig context that k3d makes."""
        return f"k3d-{self.cluster}"

    @property
    def gateway(self) -> str:
        """Where the ingress gateway answers."""
        return f"http://localhost:{self.port}"

    @property
    def nodes(self) -> list[str]:
        """The nodes' names, as k3d gives them."""
        return [
            f"k3d-{self.cluster}-server-0",
            *(f"k3d-{self.cluster}-agent-{i}" for i in range(self.agents)),
        ]

    @property
    def localities(self) -> list[tuple[str, str, str]]:
        """(node, region, zone) for the lesson on locality: the last agent is in Brazil, the others in Europe."""
        places = [("europe", "europe-1")] * (len(self.nodes) - 1) + [("brazil", "brazil-1")]
        return [(node, *place) for node, place in zip(self.nodes, places, strict=True)]
