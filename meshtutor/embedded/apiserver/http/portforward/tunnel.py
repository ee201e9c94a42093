"""SPDY inside a WebSocket: subprotocol `SPDY/3.1+portforward.k8s.io`.

For each connection the client opens two streams with the same `requestid`: one with `streamtype: error`, on which we
say what went wrong, and one with `streamtype: data` and a `port`, which carries the bytes. We close the error stream
when the connection is over (client-go's tools/portforward/portforward.go waits for that).
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSMsgType, web

from meshtutor.embedded.apiserver.http.portforward import spdy
from meshtutor.embedded.apiserver.http.portforward.sockets import connect

log = logging.getLogger(__name__)
PROTOCOL = "SPDY/3.1+portforward.k8s.io"
_CHUNK = 1 << 15


class Tunnel:
    """One WebSocket with its streams."""

    def __init__(self, socket: web.WebSocketResponse, addresses: list[str]) -> None:
        self._socket = socket
        self._addresses = addresses
        self._codec = spdy.Codec()
        self._errors: dict[str, int] = {}
        self._inputs: dict[int, asyncio.Queue[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until the client closes; no connection outlives it."""
        try:
            async for message in self._socket:
                if message.type is WSMsgType.BINARY:
                    for frame in self._codec.feed(message.data):
                        await self._take(frame)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _take(self, frame: spdy.Frame) -> None:
        if frame.type == spdy.SYN_STREAM:
            await self._send(self._codec.reply(frame.stream))
            self._open(frame)
        elif frame.type == spdy.PING:
            await self._send(spdy.ping(frame.body))
        elif frame.type == spdy.RST_STREAM:
            self._feed(frame.stream, b"")
        elif frame.type == 0:
            if frame.body:
                self._feed(frame.stream, frame.body)
            if frame.flags & spdy.FIN:
                self._feed(frame.stream, b"")

    def _open(self, frame: spdy.Frame) -> None:
        request = frame.headers.get("requestid", "")
        if frame.headers.get("streamtype") == "error":
            self._errors[request] = frame.stream
            return
        self._inputs[frame.stream] = asyncio.Queue()
        work = self._forward(frame.stream, request, frame.headers.get("port", ""))
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _feed(self, stream: int, body: bytes) -> None:
        """Bytes for the pod; none at all mean the end."""
        if queue := self._inputs.get(stream):
            queue.put_nowait(body)

    async def _forward(self, stream: int, request: str, port: str) -> None:
        error = self._errors.pop(request, 0)
        try:
            reader, writer = await connect(self._addresses, int(port))
        except (OSError, ValueError) as refused:
            reason = f"error forwarding port {port} to pod: {refused or type(refused).__name__}"
            await self._send(spdy.data(error, reason.encode(), fin=True) + spdy.reset(stream))
            return
        sending = asyncio.create_task(_send_all(self._inputs[stream], writer))
        try:
            while chunk := await reader.read(_CHUNK):
                await self._send(spdy.data(stream, chunk))
        except OSError as broken:
            log.debug("a forwarded connection to port %s broke: %s", port, broken)
        finally:
            sending.cancel()
            writer.close()
            del self._inputs[stream]
        await self._send(spdy.data(stream, b"", fin=True) + spdy.data(error, b"", fin=True))

    async def _send(self, frames: bytes) -> None:
        if not self._socket.closed:
            await self._socket.send_bytes(frames)


async def _send_all(queue: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    while body := await queue.get():
        writer.write(body)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
