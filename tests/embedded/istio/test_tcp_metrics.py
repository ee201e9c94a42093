"""Connections that carry no requests: counted when they open and when they end, and logged once."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest_asyncio

from meshtutor.embedded.network import app_address
from meshtutor.telemetry.graph.reading import call_of

from .support import objects as make
from .support.mesh import Mesh, Object, running
from .test_telemetry_kind import telemetry

OPEN, CLOSED = "tcp_connections_opened_total", "tcp_connections_closed_total"
SENT, RECEIVED = "tcp_sent_bytes_total", "tcp_received_bytes_total"
PORT, DEAF = 7000, 7001
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says everything twice."""
    with contextlib.suppress(ConnectionError):
        while said := await reader.read(100):
            writer.write(said * 2)
            await writer.drain()
    writer.close()


@pytest_asyncio.fixture
async def mesh(tmp_path):
    async with running(tmp_path) as mesh:
        mesh.client, mesh.server = await mesh.pod("client"), await mesh.pod("db")
        service = make.service("db", PORT, DEAF)
        for port in service["spec"]["ports"]:
            port["name"] = f"tcp-{port['port']}"
        log = make.mesh_config("accessLogFile: /dev/stdout")
        await mesh.apply(log, service, make.endpoint_slice(service, mesh.server))
        await mesh.until_ready(mesh.client, mesh.server)
        address = app_address(mesh.server["status"]["podIP"])
        async with await asyncio.start_server(twice, address, PORT):
            yield mesh


async def counted(mesh: Mesh, pod: Object) -> dict[str, dict[str, float]]:
    """Istio's TCP metrics of a pod, by response flags."""
    found: dict[str, dict[str, float]] = {}
    for line in await mesh.stats(pod, "envoy_istio_tcp_"):
        name, labels, value = line.partition("{")[0], labels_of(line), line.split()[-1]
        found.setdefault(labels["response_flags"], {})[name.removeprefix("envoy_istio_")] = float(value)
    return found


def labels_of(line: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


async def until_counted(mesh: Mesh, pod: Object, flags: str, **wanted: float) -> None:
    async def met() -> bool:
        return (await counted(mesh, pod)).get(flags) == wanted

    await mesh.until(met, f"{wanted}, not {await counted(mesh, pod)}")


async def connected(mesh: Mesh, port: int = PORT) -> Streams:
    return await asyncio.open_connection(mesh.server["status"]["podIP"], port)


async def tunnel(mesh: Mesh, target: str) -> tuple[int, Streams]:
    reader, writer = await asyncio.open_connection(mesh.client["status"]["podIP"], 15001)
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    return int(head.split()[1]), (reader, writer)


def logged(mesh: Mesh, pod: Object, word: str) -> list[str]:
    return [line for line in mesh.log(pod).splitlines() if line.startswith("[") and word in line]


async def test_a_server_counts_a_connection_when_it_opens_and_its_bytes_at_its_end(mesh: Mesh):
    reader, writer = await connected(mesh)
    writer.write(b"hello")
    assert await reader.readexactly(10) == b"hellohello"
    await until_counted(mesh, mesh.server, "-", **{OPEN: 1})
    writer.close()
    await until_counted(mesh, mesh.server, "-", **{OPEN: 1, CLOSED: 1, SENT: 10, RECEIVED: 5})
    expected = {
        "reporter": "destination",
        "request_protocol": "tcp",
        "connection_security_policy": "none",
        "source_workload": "unknown",
        "destination_workload": "db-v1",
        "destination_service": "db.default.svc.cluster.local",
        "destination_service_name": "db",
    }
    lines = await mesh.stats(mesh.server, "envoy_istio_tcp_")
    assert all(expected.items() <= labels_of(line).items() for line in lines)
    assert not [line for line in lines if "response_code=" in line]
    inbound = f"inbound|{PORT}||"
    await mesh.until(lambda: logged(mesh, mesh.server, inbound), "a line in the log", 15)
    assert len(logged(mesh, mesh.server, inbound)) == 1


async def test_a_connection_that_the_app_refuses_is_opened_and_closed_with_its_flag(mesh: Mesh):
    reader, writer = await connected(mesh, DEAF)
    with contextlib.suppress(ConnectionError):
        writer.write(b"hello")
        await reader.read()
    await mesh.until(lambda: _has(mesh, mesh.server, "UF,URX", OPEN, CLOSED), "it is counted")


async def _has(mesh: Mesh, pod: Object, flags: str, *names: str) -> bool:
    found = (await counted(mesh, pod)).get(flags, {})
    return all(found.get(name) == 1 for name in names)


async def test_a_client_counts_a_tunnel_as_a_connection_and_not_as_a_request(mesh: Mesh):
    outside = await mesh.pod("outside", sidecar=False)
    status, (reader, writer) = await tunnel(mesh, f"{outside['status']['podIP']}:9080")
    assert status == 200
    await until_counted(mesh, mesh.client, "-", **{OPEN: 1})
    asked = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    writer.write(asked)
    answer = await reader.read()
    writer.close()
    await until_counted(
        mesh, mesh.client, "-", **{OPEN: 1, CLOSED: 1, SENT: len(answer), RECEIVED: len(asked)}
    )
    (line,) = await mesh.stats(mesh.client, f"envoy_istio_{SENT}")
    seen = call_of(labels_of(line), 1.0)
    assert seen is not None
    assert seen.service is not None
    assert (seen.source.name, seen.service.kind, seen.protocol) == ("client-v1", "passthrough", "tcp")
    assert not await mesh.stats(mesh.client, "envoy_istio_requests_total")
    await mesh.until(lambda: logged(mesh, mesh.client, "CONNECT"), "a line in the log", 15)
    assert len(logged(mesh, mesh.client, "CONNECT")) == 1


async def test_a_tunnel_that_the_policy_refuses_ends_in_the_black_hole(mesh: Mesh):
    await mesh.apply(make.mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}"))
    status, (_, writer) = await tunnel(mesh, "stranger.example:443")
    writer.close()
    assert status == 502
    lines = await mesh.until(lambda: mesh.stats(mesh.client, f"envoy_istio_{CLOSED}"), "it is counted")
    assert [labels_of(line)["destination_service_name"] for line in lines] == ["BlackHoleCluster"]
    assert len(await mesh.stats(mesh.client, f"envoy_istio_{OPEN}")) == 1
    assert not await mesh.stats(mesh.client, "envoy_istio_requests_total")


async def test_telemetry_switches_a_metric_of_connections_off(mesh: Mesh):
    off = "{metrics: [{overrides: [{match: {metric: TCP_OPENED_CONNECTIONS}, disabled: true}]}]}"
    await mesh.apply(telemetry(off))
    reader, writer = await connected(mesh)
    writer.write(b"hello")
    await reader.readexactly(10)
    writer.close()
    await until_counted(mesh, mesh.server, "-", **{CLOSED: 1, SENT: 10, RECEIVED: 5})
