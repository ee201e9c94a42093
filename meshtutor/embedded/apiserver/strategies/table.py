"""Which kind has which strategy."""

from __future__ import annotations

from meshtutor.embedded.apiserver.store import Store
from meshtutor.embedded.apiserver.strategies.allocation import Allocator
from meshtutor.embedded.apiserver.strategies.base import Strategy
from meshtutor.embedded.apiserver.strategies.definitions import DefinitionStrategy
from meshtutor.embedded.apiserver.strategies.pods import PodStrategy
from meshtutor.embedded.apiserver.strategies.services import ServiceStrategy
from meshtutor.embedded.apiserver.strategies.simple import (
    ConfigMapStrategy,
    EndpointSliceStrategy,
    EventStrategy,
    NamespaceStrategy,
    NodeStrategy,
    SecretStrategy,
)
from meshtutor.embedded.apiserver.strategies.workloads import DeploymentStrategy, ReplicaSetStrategy
from meshtutor.embedded.network import Block
from meshtutor.kube import kinds


def strategies(block: Block, store: Store) -> dict[str, Strategy]:
    """By resource; a resource without an entry has `Strategy()`, as custom ones do."""
    return {
        kinds.POD.resource: PodStrategy(),
        kinds.DEPLOYMENT.resource: DeploymentStrategy(),
        kinds.REPLICA_SET.resource: ReplicaSetStrategy(),
        kinds.SERVICE.resource: ServiceStrategy(Allocator(block, store)),
        kinds.NAMESPACE.resource: NamespaceStrategy(),
        kinds.CONFIG_MAP.resource: ConfigMapStrategy(),
        kinds.SECRET.resource: SecretStrategy(),
        kinds.NODE.resource: NodeStrategy(),
        kinds.ENDPOINT_SLICE.resource: EndpointSliceStrategy(),
        kinds.EVENT.resource: EventStrategy(),
        kinds.CRD.resource: DefinitionStrategy(),
    }
