"""ServiceEntries whose endpoints have names: real Envoys look them up. The only name here is `localhost`."""

from __future__ import annotations

import pytest
import pytest_asyncio
from aiohttp import web

from .support import objects as make
from .support.mesh import Mesh, running

API = "http://api.example.com/"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    """A mesh with a client, and a server at localhost that only knows its own name for itself."""
    async with running(tmp_path_factory.mktemp("lookups")) as mesh:
        mesh.client = await mesh.pod("client")
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", _answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        mesh.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        await mesh.until_ready(mesh.client)
        yield mesh
        await runner.cleanup()


async def _answer(request: web.Request) -> web.Response:
    return web.json_response({"version": "outside", "host": request.host})


def entry(mesh: Mesh, *hosts: str, **spec: object) -> dict:
    port = {"number": 80, "name": "http", "protocol": "HTTP", "targetPort": mesh.port}
    return make.rule("ServiceEntry", "api", hosts=list(hosts), ports=[port], **spec)


async def follow(mesh: Mesh, url: str, *found: dict) -> None:
    """Apply objects, and find the server at a URL."""
    report = await mesh.apply(*found)
    try:
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report
        answer = await mesh.get(url, mesh.client)
        assert (answer.status, answer.version) == (200, "outside"), answer
    finally:
        await mesh.delete(*found)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how", ["DNS", "DNS_ROUND_ROBIN"])
async def test_an_endpoint_s_name_is_looked_up(mesh: Mesh, how: str):
    await follow(
        mesh, API, entry(mesh, "api.example.com", resolution=how, endpoints=[{"address": "localhost"}])
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how", ["DNS", "DNS_ROUND_ROBIN"])
async def test_without_endpoints_the_host_itself_is_looked_up(mesh: Mesh, how: str):
    await follow(mesh, "http://localhost/", entry(mesh, "localhost", resolution=how))


@pytest.mark.asyncio(loop_scope="module")
async def test_a_workload_entry_may_have_a_name_where_names_are_looked_up(mesh: Mesh):
    chosen = entry(mesh, "api.example.com", resolution="DNS", workloadSelector={"labels": {"app": "legacy"}})
    machine = make.rule("WorkloadEntry", "m", address="localhost", labels={"app": "legacy"})
    await follow(mesh, API, chosen, machine)


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_resolution_the_request_s_own_name_is_looked_up(mesh: Mesh):
    port = {"number": mesh.port, "name": "http", "protocol": "HTTP"}
    found = make.rule("ServiceEntry", "api", hosts=["localhost"], ports=[port])
    await follow(
        mesh, f"http://localhost:{mesh.port}/", found, make.rule("Sidecar", "only", outboundTrafficPolicy={})
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_how_names_are_looked_up(mesh: Mesh):
    settings = make.mesh_config("dnsRefreshRate: 7s\n")
    found = entry(mesh, "api.example.com", resolution="DNS", endpoints=[{"address": "localhost"}])
    await mesh.apply(settings, found)
    dump = str(await mesh.config_dump(mesh.client))
    await mesh.delete(settings, found)
    for said in ("'type': 'STRICT_DNS'", "'dns_refresh_rate': '7s'", "'respect_dns_ttl': True",
                 "'dns_lookup_family': 'V4_ONLY'", "'dns_jitter': '0.100s'"):  # fmt: skip
        assert said in dump, said
