"""Port forwarding: kubectl's tunnel and the official client's channels, to a real listener on the pod's address."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from meshtutor.embedded.apiserver.http.portforward import spdy
from meshtutor.embedded.network import app_address
from tests.embedded.apiserver.conftest import BLOCK, Kubectl, Served
from tests.embedded.apiserver.objects import pod

ADDRESS = BLOCK.pod(5)
BIG = bytes(range(256)) * 4096


class Listener:
    """Answers one line with what it is and the line's digest; `GET` with a body of a megabyte."""

    def __init__(self, served: Served, address: str) -> None:
        self._served, self._name = served, address
        self._server = served.run(asyncio.start_server(self._answer, address, 0))
        self.port = self._server.sockets[0].getsockname()[1]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line.startswith(b"GET"):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BIG)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + BIG)
        else:
            writer.write(f"{self._name} {hashlib.sha256(line).hexdigest()}\n".encode())
        await writer.drain()
        writer.close()

    def close(self) -> None:
        async def shut() -> None:
            self._server.close()

        self._served.run(shut())


@pytest.fixture
def listener(served: Served) -> Iterator[Listener]:
    made = Listener(served, ADDRESS)
    run_pod(served, "p")
    yield made
    made.close()


def run_pod(served: Served, name: str, **annotations: str) -> None:
    obj = pod(name)
    obj["metadata"]["annotations"] = annotations
    made = served.run(served.registry.create(obj))
    status = {"phase": "Running", "podIP": ADDRESS}
    served.run(served.registry.update({**made, "status": status}, subresource="status"))


class Forwarded:
    """A running `kubectl port-forward`; `port` is the local one."""

    def __init__(self, kubectl: Kubectl, target: str, port: int) -> None:
        self._context = kubectl.reading("port-forward", target, f":{port}")
        line = next(self._context.__enter__())
        self.port = int(line.split("127.0.0.1:")[1].split(" ")[0])

    def close(self) -> None:
        self._context.__exit__(None, None, None)


def test_bytes_go_both_ways_again_and_again(kubectl: Kubectl, listener: Listener) -> None:
    forwarded = Forwarded(kubectl, "pod/p", listener.port)
    try:
        for line in (b"one\n", b"two\n", b"x" * 60_000 + b"\n"):
            with socket.create_connection(("127.0.0.1", forwarded.port), timeout=10) as connection:
                connection.sendall(line)
                answer = connection.makefile().readline()
            assert answer == f"{ADDRESS} {hashlib.sha256(line).hexdigest()}\n"
        url = f"http://127.0.0.1:{forwarded.port}/"
        assert urllib.request.urlopen(url, timeout=10).read() == BIG
    finally:
        forwarded.close()


def test_an_injected_application_is_met_without_its_sidecar(kubectl: Kubectl, served: Served) -> None:
    run_pod(served, "q", **{"sidecar.istio.io/status": "{}"})
    app = Listener(served, app_address(ADDRESS))
    forwarded = Forwarded(kubectl, "pod/q", app.port)
    try:
        with socket.create_connection(("127.0.0.1", forwarded.port), timeout=10) as connection:
            connection.sendall(b"hello\n")
            assert connection.makefile().readline().startswith(app_address(ADDRESS))
    finally:
        forwarded.close()
        app.close()


def test_a_port_nobody_listens_on_is_said(kubectl: Kubectl, listener: Listener, served: Served) -> None:
    forwarded = Forwarded(kubectl, "pod/p", 1)
    try:
        with socket.create_connection(("127.0.0.1", forwarded.port), timeout=10) as connection:
            connection.sendall(b"hello\n")
            assert connection.recv(10) == b""
    finally:
        forwarded.close()


def test_a_pod_that_does_not_run_is_refused(kubectl: Kubectl, served: Served) -> None:
    served.run(served.registry.create(pod("waiting")))
    assert "pod is not running" in kubectl.try_("port-forward", "pod/waiting", ":80").stderr


def test_plain_http_is_told_what_is_spoken(served: Served, listener: Listener) -> None:
    answer = served.call("POST", "/api/v1/namespaces/default/pods/p/portforward")
    assert answer.status_code == 400
    assert "SPDY/3.1+portforward.k8s.io" in answer.json()["message"]


def test_the_official_client_speaks_channels(served: Served, listener: Listener) -> None:
    client = pytest.importorskip("kubernetes.client")
    from kubernetes import config
    from kubernetes.stream import portforward

    api = config.new_client_from_config(str(served.kubeconfig))
    call = client.CoreV1Api(api).connect_get_namespaced_pod_portforward
    forward: Any = portforward(call, "p", "default", ports=str(listener.port))
    stream = forward.socket(listener.port)
    stream.settimeout(10)
    stream.sendall(b"GET / HTTP/1.1\r\n\r\n")
    got = b""
    while chunk := stream.recv(1 << 16):
        got += chunk
    assert got.endswith(BIG)
    assert forward.error(listener.port) is None


def syn_stream(stream: int, compressor: Any, **headers: str) -> bytes:
    block = len(headers).to_bytes(4, "big")
    for name, value in headers.items():
        for text in (name, value):
            block += len(text).to_bytes(4, "big") + text.encode()
    body = (
        stream.to_bytes(4, "big")
        + bytes(6)
        + compressor.compress(block)
        + compressor.flush(zlib.Z_SYNC_FLUSH)
    )
    return (0x80030001).to_bytes(4, "big") + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_frames_are_read_however_they_are_cut(step: int) -> None:
    compressor = zlib.compressobj(zdict=spdy.DICTIONARY)
    sent = syn_stream(1, compressor, streamtype="error", requestid="0")
    sent += syn_stream(3, compressor, streamtype="data", port="80", requestid="0")
    sent += spdy.data(3, b"hello") + spdy.data(3, b"", fin=True) + spdy.ping(b"1234") + spdy.reset(3)
    codec = spdy.Codec()
    frames = [f for i in range(0, len(sent), step) for f in codec.feed(sent[i : i + step])]
    assert [frame.type for frame in frames] == [1, 1, 0, 0, 6, 3]
    assert frames[1].headers == {"streamtype": "data", "port": "80", "requestid": "0"}
    assert (frames[2].body, frames[2].flags, frames[3].flags) == (b"hello", 0, spdy.FIN)
    assert frames[4].body == b"1234"


def test_the_dictionary_is_the_drafts() -> None:
    """Adler-32 of the draft's 1423 bytes, as zlib announces it in a stream's header (FDICT)."""
    assert (len(spdy.DICTIONARY), hex(zlib.adler32(spdy.DICTIONARY))) == (1423, "0xe3c6a7c2")


def test_nothing_outlives_kubectl(kubectl: Kubectl, listener: Listener, served: Served) -> None:
    forwarded = Forwarded(kubectl, "pod/p", listener.port)
    with socket.create_connection(("127.0.0.1", forwarded.port), timeout=10) as connection:
        connection.sendall(b"no end of line")
        forwarded.close()

    async def ended() -> None:
        while any("Tunnel" in task.get_coro().__qualname__ for task in asyncio.all_tasks()):  # type: ignore[union-attr]
            await asyncio.sleep(0.01)

    served.run(asyncio.wait_for(ended(), 10))
