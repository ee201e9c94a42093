"""The Aggregated Discovery Service, delta variant, over grpc.aio.

Each stream proves which pod it is (see `tokens`), names its node once, and is then served by a `Connection`.
What a node shall have comes from a `Source`; who changed what reaches `Distribution`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from envoy.service.discovery.v3 import discovery_pb2

from meshtutor.embedded.xds.connection import Connection
from meshtutor.embedded.xds.distribution import Distribution
from meshtutor.embedded.xds.resource import SHORT, Configuration
from meshtutor.embedded.xds.tokens import Tokens

log = logging.getLogger("meshtutor.xds")

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"


@dataclass(frozen=True)
class _Response:
    """A response on its way, and when it was made (`time.monotonic()`)."""

    type_url: str
    wire: bytes
    at: float


Outbox = asyncio.Queue[_Response | None]


class Source(Protocol):
    """Where configurations come from."""

    def connected(self, node: Any) -> Configuration:
        """A proxy with this `envoy.config.core.v3.Node` has connected: what it shall have."""
        ...

    def disconnected(self, proxy: str) -> None:
        """The proxy's stream has ended."""
        ...


class AggregatedDiscovery:
    """Streams of all proxies. `counted(type_url, error)` is called for every ACK (error is "") and NACK.

    `pushed(type_url, bytes, seconds)` is called for every response, once its stream has taken it, so long after it was
    made.
    """

    def __init__(
        self,
        source: Source,
        tokens: Tokens,
        distribution: Distribution,
        counted: Callable[[str, str], None] = lambda *_: None,
        pushed: Callable[[str, int, float], None] = lambda *_: None,
    ) -> None:
        self.connections: dict[str, Connection] = {}
        self._source, self._tokens, self._distribution, self._counted = source, tokens, distribution, counted
        self._pushed = pushed
        self._version = ""

    def publish(self, configurations: Mapping[str, Configuration], revision: int, committed: float) -> None:
        """Hand new configurations (by proxy) to the streams; `committed` is when the store took the change."""
        self._version = str(revision)
        concerned: dict[str, tuple[str, ...]] = {}
        for proxy, connection in self.connections.items():
            if proxy in configurations:
                types = connection.update(configurations[proxy], self._version)
                if types:
                    concerned[proxy] = tuple(SHORT[t] for t in SHORT if t in types)
        self._distribution.record(revision, committed, concerned)

    async def stream(
        self, requests: AsyncIterator[Any], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[bytes]:
        """Serve one stream: the gRPC method."""
        proved = self._tokens.check(str(dict(context.invocation_metadata() or ()).get("authorization", "")))
        first = await anext(requests, None)
        if first is None:
            return
        proxy = proxy_name(first.node.id)
        if proved is None or proxy != f"{proved[1]}.{proved[0]}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, f"no valid token for {proxy!r}")
            return
        outbox: Outbox = asyncio.Queue()
        connection = self._open(proxy, first.node, outbox)
        connection.receive(first)
        reading = asyncio.ensure_future(_read(requests, connection, outbox))
        try:
            while (made := await outbox.get()) is not None:
                yield made.wire
                self._pushed(made.type_url, len(made.wire), time.monotonic() - made.at)
        finally:
            reading.cancel()
            self._close(proxy, connection)

    def _open(self, proxy: str, node: Any, outbox: Outbox) -> Connection:
        configuration = self._source.connected(node)

        def send(type_url: str, wire: bytes) -> None:
            outbox.put_nowait(_Response(type_url, wire, time.monotonic()))

        connection = Connection(
            proxy, send, answered=self._counted, settled=lambda: self._settled(connection)
        )
        if earlier := self.connections.get(proxy):
            earlier.close()
        self.connections[proxy] = connection
        connection.update(configuration, self._version)
        log.info("%s connected", proxy)
        return connection

    def _close(self, proxy: str, connection: Connection) -> None:
        connection.close()
        if self.connections.get(proxy) is connection:
            del self.connections[proxy]
            self._source.disconnected(proxy)
            self._distribution.gone(proxy)
            log.info("%s disconnected", proxy)

    def _settled(self, connection: Connection) -> None:
        errors = {what.split()[0]: text for what, text in connection.rejections.items()}
        self._distribution.settled(connection.proxy, errors)


def proxy_name(node_id: str) -> str:
    """`POD.NAMESPACE`, the third part of `sidecar~IP~POD.NAMESPACE~DOMAIN`, or "" (pilot/pkg/model/context.go)."""
    parts = node_id.split("~")
    return parts[2] if len(parts) == 4 else ""


async def _read(requests: AsyncIterator[Any], connection: Connection, outbox: Outbox) -> None:
    """Requests until the stream ends; None ends the writer."""
    try:
        async for request in requests:
            connection.receive(request)
    except Exception:
        log.exception("%s: a request could not be served", connection.proxy)
    finally:
        outbox.put_nowait(None)


def handler(service: AggregatedDiscovery) -> Any:
    """The gRPC method; responses are serialised already."""
    return grpc.stream_stream_rpc_method_handler(
        service.stream,
        request_deserializer=discovery_pb2.DeltaDiscoveryRequest.FromString,
        response_serializer=bytes,
    )
