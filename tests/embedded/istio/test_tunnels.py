"""Ports with TLS of ServiceEntries: a client asks its sidecar for a tunnel, and whoever is known gets it."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import pytest_asyncio

from meshtutor.xray import Call, Envoy, walk
from tests.support.certificates import Authority

from .support import objects as make
from .support.mesh import Mesh, running

AUTHORITY = Authority()
TRUSTING = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
API = "https://api.example.com/reviews"
ONLY = make.rule("Sidecar", "only", outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("tunnels")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(
        *AUTHORITY.issue("api.example.com", "counted.example.com").write(directory, "api")
    )
    async with running(directory) as mesh:
        mesh.server = await mesh.pod("api", sidecar=False, tls=context)
        mesh.client = await mesh.pod("client")
        await mesh.until_ready(mesh.client)
        await mesh.apply(ONLY)
        yield mesh


def entry(mesh: Mesh, how: str = "DNS", *hosts: str, protocol: str = "TLS", **spec: object) -> dict:
    port = {"number": 443, "name": "tls", "protocol": protocol, "targetPort": 9080}
    endpoints = [{"address": mesh.server["status"]["podIP"]}]
    return make.rule("ServiceEntry", "api", hosts=list(hosts or ["api.example.com"]), ports=[port], resolution=how,
                     endpoints=endpoints, **spec)  # fmt: skip


async def follow(mesh: Mesh, *found: dict, url: str = API):
    """What becomes of a request by https, and what xray says of it."""
    report = await mesh.apply(*found)
    try:
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report
        said = walk(Envoy.of(await mesh.config_dump(mesh.client)), Call.to(url))
        return await mesh.get(url, mesh.client, ssl=TRUSTING), said
    finally:
        await mesh.delete(*found)


async def tunnel(mesh: Mesh, host: str) -> int:
    """What the client's sidecar answers to CONNECT, on a connection of its own."""
    reader, writer = await asyncio.open_connection(mesh.client["status"]["podIP"], 15001)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    return int(head.split()[1])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how", ["STATIC", "DNS", "DNS_ROUND_ROBIN"])
@pytest.mark.parametrize("protocol", ["TLS", "HTTPS"])
async def test_a_tunnel_leads_to_the_entry_s_endpoint(mesh: Mesh, how: str, protocol: str):
    answer, said = await follow(mesh, entry(mesh, how, protocol=protocol))
    assert (answer.status, answer.body["app"], answer.body["path"]) == (200, "api", "/reviews")
    assert said.clusters == {"outbound|443||api.example.com": 100.0}
    assert said.targets[0].endpoints[0].address == f"{mesh.server['status']['podIP']}:9080"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_tunnel_is_counted_as_a_connection_to_the_entry_s_host(mesh: Mesh):
    answer, _ = await follow(
        mesh, entry(mesh, "DNS", "counted.example.com"), url="https://counted.example.com/"
    )
    assert answer.status == 200
    service = 'destination_service="counted.example.com"'

    async def lines(metric: str) -> list[str]:
        return [line for line in await mesh.stats(mesh.client, f"envoy_istio_{metric}{{") if service in line]

    await mesh.until(lambda: lines("tcp_connections_opened_total"), "the connection is counted")
    assert not await lines("requests_total")


@pytest.mark.asyncio(loop_scope="module")
async def test_every_name_below_a_domain(mesh: Mesh):
    answer, said = await follow(mesh, entry(mesh, "DNS", "*.example.com"))
    assert answer.status == 200
    assert said.domain == "*.example.com:443"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_name_that_nobody_knows_gets_no_tunnel(mesh: Mesh):
    await mesh.apply(found := entry(mesh, "DNS", "other.example.com"))
    said = walk(Envoy.of(await mesh.config_dump(mesh.client)), Call.to(API))
    known, unknown = await tunnel(mesh, "other.example.com"), await tunnel(mesh, "api.example.com")
    await mesh.delete(found)
    assert (known, unknown) == (200, said.status)
    assert (said.virtual_host, said.status, said.targets) == ("block_all", 502, ())


@pytest.mark.asyncio(loop_scope="module")
async def test_a_rule_for_http_does_not_reach_into_a_tunnel(mesh: Mesh):
    broken = {"fault": {"abort": {"httpStatus": 418, "percentage": {"value": 100}}},
              "route": [{"destination": {"host": "api.example.com"}}]}  # fmt: skip
    rule = make.rule("VirtualService", "api", hosts=["api.example.com"], http=[broken])
    answer, _ = await follow(mesh, entry(mesh), rule)
    assert answer.status == 200


@pytest.mark.asyncio(loop_scope="module")
async def test_plain_http_becomes_tls_on_the_way(mesh: Mesh):
    """The sidecar originates TLS: port 80 is routed to port 443, whose DestinationRule says SIMPLE."""
    found = entry(mesh, protocol="HTTPS")
    found["spec"]["ports"].append({"number": 80, "name": "http", "protocol": "HTTP"})
    secure = {"route": [{"destination": {"host": "api.example.com", "port": {"number": 443}}}]}
    rule = make.rule("VirtualService", "api", hosts=["api.example.com"], http=[secure])
    tls = {"mode": "SIMPLE", "insecureSkipVerify": True}
    originate = make.rule("DestinationRule", "api", host="api.example.com", trafficPolicy={
        "portLevelSettings": [{"port": {"number": 443}, "tls": tls}]})  # fmt: skip
    answer, _ = await follow(mesh, found, rule, originate, url="http://api.example.com/x")
    assert (answer.status, answer.body["path"]) == (200, "/x")
    assert answer.body["tls"] != {}
