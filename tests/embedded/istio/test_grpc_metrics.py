"""gRPC in the metrics: its own protocol and status, which say what HTTP's 200 does not."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from meshtutor.embedded.network import app_address
from meshtutor.telemetry.graph.health import of_codes
from meshtutor.telemetry.graph.reading import call_of

from .support import objects as make
from .support.mesh import Mesh, Object, running

PORT = 50051
METHOD = "/study.Greeter/%s"


async def fine(_: bytes, context: grpc.aio.ServicerContext) -> bytes:
    return b"hello"


async def missing(_: bytes, context: grpc.aio.ServicerContext) -> bytes:
    await context.abort(grpc.StatusCode.NOT_FOUND, "nobody of that name")
    raise AssertionError


@contextlib.asynccontextmanager
async def greeter(address: str) -> AsyncIterator[None]:
    handlers = {
        "Fine": grpc.unary_unary_rpc_method_handler(fine),
        "Missing": grpc.unary_unary_rpc_method_handler(missing),
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("study.Greeter", handlers)])
    server.add_insecure_port(f"{address}:{PORT}")
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


@pytest_asyncio.fixture
async def mesh(tmp_path):
    async with running(tmp_path) as mesh:
        mesh.client, mesh.server = await mesh.pod("client"), await mesh.pod("greeter")
        service = make.service("greeter", PORT, 9080)
        service["spec"]["ports"][0]["name"] = "grpc"
        await mesh.apply(service, make.endpoint_slice(service, mesh.server))
        await mesh.until_ready(mesh.client, mesh.server)
        async with greeter(app_address(mesh.server["status"]["podIP"])):
            yield mesh


async def call(mesh: Mesh, method: str) -> grpc.StatusCode:
    """What a call through the client's sidecar ends with."""
    options = [("grpc.default_authority", f"greeter:{PORT}"), ("grpc.enable_http_proxy", 0)]
    async with grpc.aio.insecure_channel(f"{mesh.client['status']['podIP']}:15001", options) as channel:
        asked = channel.unary_unary(METHOD % method)(b"you", timeout=10)
        return await asked.code()


async def counted(mesh: Mesh, pod: Object, **labels: str) -> list[dict[str, str]]:
    lines = await mesh.stats(pod, "envoy_istio_requests_total{")
    found = [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in lines]
    return [one for one in found if labels.items() <= one.items()]


@pytest.mark.parametrize(("method", "status"), [("Fine", "0"), ("Missing", "5")])
async def test_both_proxies_count_the_status_of_a_call(mesh: Mesh, method: str, status: str):
    assert (await call(mesh, method)).value[0] == int(status)
    wanted = {"request_protocol": "grpc", "response_code": "200", "grpc_response_status": status}
    for pod in (mesh.client, mesh.server):
        found = await mesh.until(lambda pod=pod: counted(mesh, pod), f"{pod['metadata']['name']} counts")
        assert [wanted.items() <= one.items() for one in found] == [True], found


async def test_the_graph_sees_a_failure_where_http_saw_none(mesh: Mesh):
    await call(mesh, "Missing")
    (labels,) = await mesh.until(lambda: counted(mesh, mesh.client), "the call is counted")
    seen = call_of(labels, 1.0)
    assert seen is not None
    assert (seen.protocol, seen.code) == ("grpc", "5")
    assert of_codes({seen.code: seen.rate}, seen.protocol) == "failure"


@pytest.mark.parametrize(
    ("content", "protocol"),
    [
        ("application/grpc", "grpc"),
        ("application/grpc+proto", "grpc"),
        ("application/grpc-web+proto", "http"),
        ("application/json", "http"),
    ],
)
async def test_the_content_type_says_which_requests_are_grpc(mesh: Mesh, content: str, protocol: str):
    await mesh.get("http://greeter:9080/", mesh.client, headers={"content-type": content})
    for pod in (mesh.client, mesh.server):
        (one,) = await mesh.until(lambda pod=pod: counted(mesh, pod), f"{pod['metadata']['name']} counts")
        assert one["request_protocol"] == protocol
        assert protocol == "grpc" or one["grpc_response_status"] == ""
