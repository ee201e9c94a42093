"""Open ports and the connections that came in through them, so that both end together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from meshtutor.embedded.kubelet.services import Address

_HEAD_LIMIT = 1 << 16
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listeners:
    """Ports by their address."""

    def __init__(self) -> None:
        self._servers: dict[Address, asyncio.Server] = {}
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> set[Address]:
        """What is open."""
        return set(self._servers)

    async def open(self, address: Address, serve: Serve, claimed: socket.socket | None = None) -> None:
        """Listen, or OSError; each connection is given to `serve`. A socket that is `claimed` listens already."""

        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            with contextlib.suppress(asyncio.CancelledError):
                await serve(reader, writer)

        if claimed is not None:
            self._servers[address] = await asyncio.start_server(one, sock=claimed, limit=_HEAD_LIMIT)
        else:
            self._servers[address] = await asyncio.start_server(one, *address, limit=_HEAD_LIMIT)

    def close(self, address: Address) -> None:
        """Stop listening; connections that are there go on."""
        self._servers.pop(address).close()

    async def stop(self) -> None:
        """Close every port and cut every connection."""
        for address in self.addresses:
            self.close(address)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
