"""The study's steps 2 and 3: the cluster, its context in the kubeconfig, and where its nodes are."""

from __future__ import annotations

from collections.abc import Sequence

from meshtutor.errors import LabError
from meshtutor.files import write_private
from meshtutor.kube.kinds import NODE
from meshtutor.providers import kubeconfigs
from meshtutor.providers.k3d.docker import Docker
from meshtutor.providers.k3d.kubectl import Kubectl
from meshtutor.providers.k3d.options import DEFAULT_CLUSTER, MANAGED_BY, NODE_PORT, K3dOptions
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Command, Tools, command

_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"


class ClusterRuns:
    """`k3d cluster create`, as the study has it. A cluster of this name that is not ours is left alone."""

    def __init__(self, tools: Tools, docker: Docker, options: K3dOptions, record: Record) -> None:
        self._tools, self._docker, self._options, self._record = tools, docker, options, record
        self.name = f"cluster {options.cluster} with {options.agents} agents"

    def commands(self) -> Sequence[Command]:
        """The study's command; the label says who made it, and the context is not switched behind anybody's back."""
        chosen = self._options
        name = [] if chosen.cluster == DEFAULT_CLUSTER else [chosen.cluster]
        image = ["--image", chosen.image] if chosen.image else []
        return [
            command(
                "k3d",
                "cluster",
                "create",
                *name,
                "-p",
                f"{chosen.port}:{NODE_PORT}@loadbalancer",
                "--agents",
                str(chosen.agents),
                *image,
                "--runtime-label",
                f"{MANAGED_BY}=meshtutor@server:0",
                "--kubeconfig-switch-context=false",
                "--timeout",
                "600s",
            )
        ]

    def is_done(self) -> bool:
        """Whether our cluster runs; LabError if one of this name is somebody else's."""
        name = self._options.cluster
        if not self._docker.has_cluster(name):
            if "cluster" in self._record.made and not self._docker.removals(name):
                self._record.lost("cluster")
            return False
        if not self._docker.is_ours(name, began="cluster" in self._record.made):
            raise LabError(
                f"A k3d cluster {name!r} exists, and meshtutor did not make it; it was not touched.",
                f"Use it as it is: meshtutor up --on context --context {self._options.context}; or make another "
                f"one: meshtutor up --on k3d --name NAME; or delete it: k3d cluster delete {name}",
            )
        self._record.remember("cluster")
        return self._docker.is_running(name)

    def run(self) -> None:
        """Create it, or start it again if it was stopped."""
        self._record.remember("cluster")
        if self._docker.has_cluster(self._options.cluster):
            self._tools.run(command("k3d", "cluster", "start", self._options.cluster))
            return
        for typed in self.commands():
            self._tools.run(typed)


class ContextIsKnown:
    """The cluster's context in the user's kubeconfig; made the current one only when asked to."""

    def __init__(self, tools: Tools, options: K3dOptions, record: Record) -> None:
        self._tools, self._options, self._record = tools, options, record
        self.name = f"kube context {options.context}"

    def commands(self) -> Sequence[Command]:
        """k3d has written the context already; switching is the user's choice."""
        merge = command(
            "k3d",
            "kubeconfig",
            "merge",
            self._options.cluster,
            "--kubeconfig-merge-default",
            "--kubeconfig-switch-context=false",
        )
        switch = command("kubectl", "config", "use-context", self._options.context)
        return [merge, switch] if self._options.switch_context else [merge]

    def is_done(self) -> bool:
        """Whether it is there, and current if that was asked for; the lab's own copy is refreshed in any case."""
        config = kubeconfigs.merged()
        known = self._options.context in kubeconfigs.contexts(config)
        if known:
            text = kubeconfigs.only(self._options.context, self._options.namespace, config)
            write_private(self._record.kubeconfig, text)
        return known and (
            not self._options.switch_context or config["current-context"] == self._options.context
        )

    def run(self) -> None:
        """Add it, and switch if asked to."""
        merge, *switch = self.commands()
        if self._options.context not in kubeconfigs.contexts():
            self._tools.run(merge)
        for typed in switch:
            self._tools.run(typed)
        if self._options.context not in kubeconfigs.contexts():
            raise LabError(
                f"k3d wrote no context {self._options.context!r}.",
                f"k3d kubeconfig get {self._options.cluster}",
            )
        write_private(
            self._record.kubeconfig, kubeconfigs.only(self._options.context, self._options.namespace)
        )


class NodesHavePlaces:
    """Region and zone labels on the nodes: two nodes in Europe, one in Brazil, as the study's locality asks for."""

    name = "regions of the nodes"

    def __init__(self, kubectl: Kubectl, options: K3dOptions) -> None:
        self._kubectl = kubectl
        self._options = options

    def commands(self) -> Sequence[Command]:
        """One `kubectl label` per node."""
        return [
            self._kubectl.command(
                "label", "node", node, f"{_REGION}={region}", f"{_ZONE}={zone}", "--overwrite"
            )
            for node, region, zone in self._options.localities
        ]

    def is_done(self) -> bool:
        """Whether every node has both labels."""
        labels = {n["metadata"]["name"]: n["metadata"].get("labels", {}) for n in self._kubectl.list(NODE)}
        return all(
            labels.get(node, {}).get(_REGION) == region and labels[node].get(_ZONE) == zone
            for node, region, zone in self._options.localities
        )

    def run(self) -> None:
        """Label them."""
        for node, region, zone in self._options.localities:
            self._kubectl.run("label", "node", node, f"{_REGION}={region}", f"{_ZONE}={zone}", "--overwrite")
