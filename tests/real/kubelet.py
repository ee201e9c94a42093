"""A kubelet that can do one thing: port-forward, by WebSocket, to ports on loopback that a test names.

The API server hands the client's upgrade request on to it, `/portForward/NAMESPACE/POD`. Protocol: subprotocol
`v4.channel.k8s.io`; per port a data channel and an error channel, the first byte of each message being the channel's
number, and the first message of each channel the port in two bytes, least significant first
(https://kubernetes.io/docs/reference/generated/kubernetes-api/ and kubelet/pkg/cri/streaming/portforward/websocket.go).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import WSMsgType, web

from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient

NODE = "loopback-node"
Ports = dict[tuple[str, int], int]  # (pod, its port) -> a port on this machine


@contextmanager
def serving(certs: Path, ports: Ports) -> Iterator[int]:
    """The kubelet's own port; TLS with any certificate, which the API server does not verify here."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), []

    async def start() -> None:
        app = web.Application()
        app.router.add_route("*", "/portForward/{namespace}/{pod}", lambda request: _forward(request, ports))
        app.router.add_route(
            "*", "/portForward/{namespace}/{pod}/{uid}", lambda request: _forward(request, ports)
        )
        runner = web.AppRunner(app)
        await runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs / "apiserver.crt", certs / "apiserver.key")
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        found.append(runner.addresses[0][1])
        ready.set()

    def work() -> None:
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def register(kube: KubeClient, port: int) -> None:
    """The node whose kubelet it is."""
    node = kube.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}).object
    node["status"] = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                      "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}  # fmt: skip
    kube.request("PUT", kinds.NODE.path(NODE, subresource="status"), body=node)


async def _forward(request: web.Request, ports: Ports) -> web.WebSocketResponse:
    port = int(request.query.get("port") or request.query["ports"])
    answer = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
    await answer.prepare(request)
    for channel in (0, 1):
        await answer.send_bytes(bytes([channel]) + struct.pack("<H", port))
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[request.match_info["pod"], port])
    except (OSError, KeyError) as error:
        await answer.send_bytes(b"\x01" + str(error).encode())
        await answer.close()
        return answer
    back = asyncio.ensure_future(_back(reader, answer))
    async for message in answer:
        if message.type is WSMsgType.BINARY and message.data[:1] == b"\x00":
            writer.write(message.data[1:])
            await writer.drain()
    back.cancel()
    writer.close()
    return answer


async def _back(reader: asyncio.StreamReader, answer: web.WebSocketResponse) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            await answer.send_bytes(b"\x00" + data)
        await answer.close()
