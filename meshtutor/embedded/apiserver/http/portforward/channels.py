"""Numbered channels in a WebSocket: subprotocols `v4.channel.k8s.io` and `portforward.k8s.io`.

The n-th of the ports in the query has channel 2n for its bytes and 2n+1 for errors. The first byte of each message is
its channel; the first message of each channel is the port, little-endian (kubelet's pkg/kubelet/server/portforward).
"""

from __future__ import annotations

import asyncio
import struct

from aiohttp import WSMsgType, web

from meshtutor.embedded.apiserver.http.portforward.sockets import connect

PROTOCOLS = ("v4.channel.k8s.io", "portforward.k8s.io")
_CHUNK = 1 << 15


async def run(socket: web.WebSocketResponse, addresses: list[str], ports: list[int]) -> None:
    """Serve until the client closes or every connection is over."""
    inputs: list[asyncio.Queue[bytes]] = [asyncio.Queue() for _ in ports]
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await socket.send_bytes(bytes([channel]) + struct.pack("<H", port))
    tasks = {asyncio.create_task(_forward(socket, addresses, p, i, inputs[i])) for i, p in enumerate(ports)}
    tasks.add(asyncio.create_task(_receive(socket, inputs)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    await socket.close()


async def _receive(socket: web.WebSocketResponse, inputs: list[asyncio.Queue[bytes]]) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY and len(message.data) > 1 and message.data[0] % 2 == 0:
            index = message.data[0] // 2
            if index < len(inputs):
                inputs[index].put_nowait(message.data[1:])


async def _forward(
    socket: web.WebSocketResponse, addresses: list[str], port: int, index: int, queue: asyncio.Queue[bytes]
) -> None:
    try:
        reader, writer = await connect(addresses, port)
    except OSError as refused:
        text = f"error forwarding port {port} to pod: {refused or type(refused).__name__}"
        await socket.send_bytes(bytes([2 * index + 1]) + text.encode())
        return
    sending = asyncio.create_task(_send_all(queue, writer))
    try:
        while chunk := await reader.read(_CHUNK):
            await socket.send_bytes(bytes([2 * index]) + chunk)
    finally:
        sending.cancel()
        writer.close()


async def _send_all(queue: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(await queue.get())
        await writer.drain()
