"""The streams between real Envoys and the control plane: broken, at rest, and overtaken by events."""

from __future__ import annotations

import asyncio
import random
import re

import pytest
import pytest_asyncio

from meshtutor.embedded.kubelet import bootstrap
from meshtutor.embedded.xds import connection

from .support import objects as make
from .support.mesh import Mesh, Object, running

URL = "http://reviews:9080/"
_PING = 17  # bytes of an HTTP/2 PING frame (RFC 9113, section 6.7)


@pytest_asyncio.fixture
async def mesh(tmp_path):
    async with running(tmp_path) as mesh:
        mesh.client = await mesh.pod("client")
        pods = [await mesh.pod("reviews", version) for version in ("v1", "v2")]
        service = make.service("reviews")
        await mesh.apply(service, make.endpoint_slice(service, *pods))
        await mesh.until_ready(mesh.client, *pods)
        yield mesh


def subsets(*versions: str, seconds: int = 1) -> Object:
    """A rule whose time to connect is in every cluster of the host."""
    return make.rule(
        "DestinationRule",
        "reviews",
        host="reviews",
        trafficPolicy={"connectionPool": {"tcp": {"connectTimeout": f"{seconds}s"}}},
        subsets=[{"name": version, "labels": {"version": version}} for version in versions],
    )


def routes(version: str) -> Object:
    destination = {"host": "reviews", "subset": version}
    return make.rule(
        "VirtualService", "reviews", hosts=["reviews"], http=[{"route": [{"destination": destination}]}]
    )


async def test_without_a_control_plane_requests_are_served_and_afterwards_all_that_changed_arrives(
    mesh: Mesh,
):
    await mesh.apply(subsets("v1", "v2"), routes("v1"))
    async with mesh.alone():
        mesh.store.apply(subsets("v1", "v2", seconds=2), routes("v2"))
        assert (await mesh.get(URL, mesh.client)).version == "v1"
    report = await mesh.pilot.distribution.wait(mesh.store.revision, 20)
    assert report["complete"], "clusters that changed meanwhile got their endpoints, and were acknowledged"
    await mesh.until(lambda: _version(mesh, "v2"), "the route that changed meanwhile")
    assert await mesh.apply(subsets("v1", "v2", seconds=3)), "and so does what comes later"
    assert '"connect_timeout": "3s"' in await mesh.admin(
        mesh.client, "/config_dump?resource=dynamic_active_clusters"
    )


async def test_pings_do_not_break_the_streams_of_a_mesh_at_rest(mesh: Mesh, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bootstrap, "KEEPALIVE", "0.05s")
    lively = await mesh.pod("lively")
    await mesh.until_ready(lively)
    start = await _xds(mesh, lively, "tx_bytes_total")

    async def pinged() -> bool:
        return await _xds(mesh, lively, "tx_bytes_total") - start > 20 * _PING

    await mesh.until(pinged, "twenty pings were sent", 30)
    assert await _xds(mesh, lively, "total") == 1, "connections"
    assert await _xds(mesh, lively, "destroy") == 0


async def test_rules_that_come_and_go_faster_than_proxies_take_them_leave_none_waiting(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "WARMING_SECONDS", 3600.0)
    draw = random.Random(7)
    for _ in range(60):
        for _ in range(draw.randint(2, 6)):
            versions = draw.sample(["v1", "v2", "v3"], draw.randint(0, 3))
            mesh.store.apply(subsets(*versions, seconds=draw.randint(1, 3)))
            await asyncio.sleep(draw.choice([0, 0, 0.001, 0.003]))
        report = await mesh.pilot.distribution.wait(mesh.store.revision, 10)
        assert report["complete"], report


async def _version(mesh: Mesh, wanted: str) -> bool:
    return (await mesh.get(URL, mesh.client)).version == wanted


async def _xds(mesh: Mesh, pod: Object, counter: str) -> int:
    """A counter of the connections between a proxy and the control plane."""
    stats = await mesh.admin(pod, f"/stats?filter=^cluster.xds-grpc.upstream_cx_{counter}$")
    found = re.search(r": (\d+)", stats)
    return int(found[1]) if found else 0
