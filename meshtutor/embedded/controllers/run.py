"""All controllers of the embedded cluster, run together over one informer."""

from __future__ import annotations

import asyncio

from meshtutor.embedded.api import Api
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.controllers.deployments import Deployments
from meshtutor.embedded.controllers.endpointslices import EndpointSlices
from meshtutor.embedded.controllers.loadbalancers import LoadBalancers
from meshtutor.embedded.controllers.namespaces import Certificates, Namespaces
from meshtutor.embedded.controllers.nodes import run_nodes
from meshtutor.embedded.controllers.replicasets import ReplicaSets
from meshtutor.embedded.controllers.scheduler import Scheduler
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.network import Block
from meshtutor.embedded.recorder import Recorder
from meshtutor.kube.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    NAMESPACE,
    NODE,
    POD,
    REPLICA_SET,
    SERVICE,
    SERVICE_ACCOUNT,
)

_WATCHED = (
    NAMESPACE, NODE, POD, SERVICE, CONFIG_MAP, SERVICE_ACCOUNT, DEPLOYMENT, REPLICA_SET, ENDPOINT_SLICE,
)  # fmt: skip
_PLAIN: tuple[type[Controller], ...] = (Deployments, ReplicaSets, Scheduler, EndpointSlices, LoadBalancers)


async def run_all(api: Api, block: Block, certificates: Certificates | None = None) -> None:
    """Run every controller until cancelled.

    `certificates`: data of the ConfigMaps that each namespace gets, by their name.
    """
    informer = Informer(api, *_WATCHED)
    controllers: list[Controller] = [
        Namespaces(informer, Recorder(api, Namespaces.component), certificates or {}),
        *(kind(informer, Recorder(api, kind.component)) for kind in _PLAIN),
    ]
    async with asyncio.TaskGroup() as group:
        group.create_task(run_nodes(api, block))
        group.create_task(informer.run())
        await informer.synced()
        for controller in controllers:
            group.create_task(controller.recorder.run())
            group.create_task(controller.run())
