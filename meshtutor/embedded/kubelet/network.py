"""The node network: kube-proxy's part, and the ports of `k3d cluster create -p "8000:30000@loadbalancer"`.

It follows Services and EndpointSlices, so pods may come and go while it runs:
- the nodes' HTTP proxy for pods without a sidecar (`nodeproxy`);
- every `nodePort` on every node's address;
- `forwards`: ports of 127.0.0.1 that lead to a node port.
A connection goes to a random ready endpoint; where there is none it is reset, as kube-proxy rejects it.

Left out: UDP, session affinity, `externalTrafficPolicy`, cluster IPs (nothing listens on them; the proxy
knows them).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable, Mapping

from meshtutor.embedded.api import Api, Event
from meshtutor.embedded.controllers.nodes import NODES
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.kubelet.listeners import Listeners, Serve
from meshtutor.embedded.kubelet.nodeproxy import NodeProxy
from meshtutor.embedded.kubelet.services import Address, Services
from meshtutor.embedded.kubelet.splice import abort, connect, splice
from meshtutor.embedded.network import NODE_PROXY_PORT, Block
from meshtutor.errors import LabError, MeshtutorError
from meshtutor.kube.kinds import ENDPOINT_SLICE, SERVICE

log = logging.getLogger(__name__)


class NodeNetwork:
    """Listens for one lab; `forwards` maps ports of 127.0.0.1 to node ports.

    Sockets that are `claimed` already are used for the addresses they are bound to.
    """

    def __init__(
        self,
        api: Api,
        block: Block,
        forwards: Mapping[int, int] | None = None,
        claimed: Iterable[socket.socket] = (),
    ) -> None:
        self._block = block
        self._forwards = dict(forwards or {})
        self._claimed = {sock.getsockname(): sock for sock in claimed}
        self._informer = Informer(api, SERVICE, ENDPOINT_SLICE)
        self._services = Services(self._informer)
        self._listeners = Listeners()
        self._node_ports: set[Address] = set()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen; LabError if a port is taken."""
        proxy = (self._block.node_proxy, NODE_PROXY_PORT)
        await self._require(proxy, NodeProxy(self._services).serve)
        for port, node_port in self._forwards.items():
            await self._require(("127.0.0.1", port), self._forwarder(node_port))
        self._tasks = [asyncio.create_task(self._informer.run()), asyncio.create_task(self._follow())]
        await self._informer.synced()
        self._informer.subscribe(self._notice)

    async def stop(self) -> None:
        """Close every port and connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listeners.stop()

    def _notice(self, event: Event) -> None:
        if event.kind is SERVICE:
            self._changed.set()

    async def _follow(self) -> None:
        """Open and close node ports as Services come and go."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            ports = {entry["nodePort"] for _, entry in self._services.node_ports()}
            wanted = {(self._block.node(node.index), port) for node in NODES for port in ports}
            for address in self._node_ports - wanted:
                self._listeners.close(address)
            for address in wanted - self._node_ports:
                try:
                    await self._listeners.open(address, self._forwarder(address[1]))
                except OSError as error:
                    log.warning("node port %s:%s cannot be opened: %s", *address, error)
            self._node_ports = wanted & self._listeners.addresses

    async def _require(self, address: Address, serve: Serve) -> None:
        try:
            await self._listeners.open(address, serve, self._claimed.get(address))
        except OSError as error:
            await self.stop()
            raise _taken(address, error) from error

    def _forwarder(self, node_port: int) -> Serve:
        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                target = self._services.by_node_port(node_port)
                upstream = await connect(*target) if target is not None else None
            except (MeshtutorError, OSError, TimeoutError) as error:
                log.debug("node port %s: %s", node_port, error)
                upstream = None
            if upstream is None:
                abort(writer)
            else:
                await splice(reader, writer, *upstream)

        return forward


def _taken(address: Address, error: OSError) -> LabError:
    host, port = address
    return LabError(
        f"{host}:{port} cannot be opened: {error.strerror or error}",
        f"Another program may use port {port} (a second lab, k3d?); end it or choose another port.",
    )
